import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { EventBroker, Stoppable } from '../broker/broker.ts';
import { Counter, Gauge, Histogram } from './report-metrics.ts';

/** From a millisecond, which is what a published event takes, to the minutes of an outage. */
const SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

const ANSWER_WITHIN_MS = 2_000;

const outboxes = new Map<string, pg.Pool>();
const consumers = new Map<string, { stream: string; broker: EventBroker }>();

const UNPUBLISHED = `
  SELECT count(*)::int AS depth, coalesce(extract(epoch FROM now() - min(occurred_at)), 0)::float8 AS age,
    count(*) FILTER (WHERE headers ? 'setAside')::int AS aside
  FROM outbox WHERE published_at IS NULL`;

/** A scrape does not wait for what is frozen, nor fail with what is down. */
function inTime<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  const answered = asked.catch(() => undefined);
  return Promise.race([answered, sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]);
}

/** What does not answer is left out rather than shown as 0. */
async function collectFromOutboxes(gauge: Gauge, column: 'depth' | 'age' | 'aside'): Promise<void> {
  gauge.reset();
  for (const [source, pool] of outboxes) {
    const measured = await inTime(pool.query(UNPUBLISHED));
    const row = measured?.rows[0];
    if (row) gauge.set({ source }, row[column]);
  }
}

new Gauge({
  name: 'kith_outbox_unpublished',
  help: 'Events that wait for their publication.',
  labelNames: ['source'],
  collect: (gauge) => collectFromOutboxes(gauge, 'depth'),
});

new Gauge({
  name: 'kith_outbox_oldest_age_seconds',
  help: 'Age of the oldest event that is not published yet; 0 when all are.',
  labelNames: ['source'],
  collect: (gauge) => collectFromOutboxes(gauge, 'age'),
});

new Gauge({
  name: 'kith_outbox_set_aside',
  help: 'Events that no broker took; later ones of their owners wait behind them.',
  labelNames: ['source'],
  collect: (gauge) => collectFromOutboxes(gauge, 'aside'),
});

new Gauge({
  name: 'kith_consumer_lag',
  help: 'Events of the stream that the consumer has not been given yet.',
  labelNames: ['stream', 'consumer'],
  async collect(gauge) {
    gauge.reset();
    for (const broker of new Set([...consumers.values()].map((each) => each.broker))) {
      const status = broker.connected ? await inTime(broker.status()) : undefined;
      for (const { stream, durable, lag } of status?.consumers ?? []) {
        if (consumers.has(durable)) gauge.set({ stream, consumer: durable }, lag);
      }
    }
  },
});

const published = new Counter({
  name: 'kith_outbox_published_total',
  help: 'Events that the broker has stored.',
  labelNames: ['source'],
});

const publishLatency = new Histogram({
  name: 'kith_outbox_publish_latency_seconds',
  help: 'From the moment an event occurred to its being stored by the broker.',
  labelNames: ['source'],
  buckets: SECONDS,
});

const handlerTime = new Histogram({
  name: 'kith_consumer_handler_seconds',
  help: 'Time in the handler, of each try that worked.',
  labelNames: ['consumer'],
  buckets: SECONDS,
});

const eventAge = new Histogram({
  name: 'kith_consumer_event_age_seconds',
  help: 'From the moment an event occurred to its being handled: of a view, from the change to its announcement.',
  labelNames: ['consumer'],
  buckets: SECONDS,
});

const retries = new Counter({
  name: 'kith_consumer_retries_total',
  help: 'Tries that failed and were followed by another.',
  labelNames: ['consumer'],
});

const deaths = new Counter({
  name: 'kith_consumer_dead_letters_total',
  help: 'Events that the consumer gave up on, by reason.',
  labelNames: ['consumer', 'reason'],
});

const timeouts = new Counter({
  name: 'kith_consumer_handler_timeouts_total',
  help: 'Tries whose handler was not done in time.',
  labelNames: ['consumer'],
});

const futures = new Counter({
  name: 'kith_consumer_future_events_total',
  help: 'Deliveries of a version above the newest known here, given back to wait for a newer process.',
  labelNames: ['consumer'],
});

/** Shows this outbox's depth and age from now on; until stopped. */
export function measureOutbox(source: string, pool: pg.Pool): Stoppable {
  outboxes.set(source, pool);
  return {
    stop: async () => {
      if (outboxes.get(source) === pool) outboxes.delete(source);
    },
  };
}

/** `ages` in milliseconds, one for each event. */
export function countPublished(source: string, agesMs: readonly number[]): void {
  published.inc({ source }, agesMs.length);
  const latency = publishLatency.labels({ source });
  for (const ms of agesMs) latency.observe(ms / 1_000);
}

/** Shows this consumer's lag from now on; until stopped. */
export function measureConsumer(consumer: string, stream: string, broker: EventBroker) {
  const entry = { stream, broker };
  consumers.set(consumer, entry);
  const time = handlerTime.labels({ consumer });
  const age = eventAge.labels({ consumer });
  return {
    handled(tookMs: number, ageMs: number): void {
      time.observe(tookMs / 1_000);
      age.observe(ageMs / 1_000);
    },
    retried: () => retries.inc({ consumer }),
    timedOut: () => timeouts.inc({ consumer }),
    waitsForAnUpgrade: () => futures.inc({ consumer }),
    died: (reason: string) => deaths.inc({ consumer, reason }),
    stop(): void {
      if (consumers.get(consumer) === entry) consumers.delete(consumer);
    },
  };
}
