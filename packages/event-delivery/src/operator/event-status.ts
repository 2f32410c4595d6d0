import type pg from 'pg';
import type { BrokerStatus, EventBroker } from '../broker/broker.ts';
import { listDeadLetters } from '../consumer/dead-letters/settle-dead-letters.ts';
import { onlyRow } from '../postgres/only-row.ts';

/** How far events are on their way. */
export interface DeliveryStatus extends BrokerStatus {
  readonly connected: boolean;
  /** `setAside`: of the unpublished, those that no broker took. */
  readonly outbox: { readonly unpublished: number; readonly oldestAgeMs: number; readonly setAside: number };
}

export interface EventStatus extends DeliveryStatus {
  readonly source: string;
  /** `dead`: letters that wait for the operator. */
  readonly consumers: readonly (BrokerStatus['consumers'][number] & { readonly dead: number })[];
  /** Of every consumer, those that are gone included. */
  readonly dead: { readonly total: number; readonly byReason: Readonly<Record<string, number>> };
}

const OUTBOX = `
  SELECT count(*)::int AS unpublished, coalesce(extract(epoch FROM now() - min(occurred_at)) * 1000, 0)::float8 AS age,
    count(*) FILTER (WHERE headers ? 'setAside')::int AS aside
  FROM outbox WHERE published_at IS NULL`;

/** While the broker is away its part is empty, and `connected` false. */
export async function readDeliveryStatus({
  pool,
  broker,
}: {
  pool: pg.Pool;
  broker: EventBroker;
}): Promise<DeliveryStatus> {
  const nothing: BrokerStatus = { streams: [], consumers: [] };
  const [outbox, { streams, consumers }] = await Promise.all([
    pool.query<{ unpublished: number; age: number; aside: number }>(OUTBOX),
    broker.connected ? broker.status().catch(() => nothing) : nothing,
  ]);
  const { unpublished, age, aside } = onlyRow(outbox);
  return {
    connected: broker.connected,
    outbox: { unpublished, oldestAgeMs: Math.round(age), setAside: aside },
    streams,
    consumers,
  };
}

/** What an operator looks at first: how far events are, and what is dead. */
export async function readEventStatus(options: {
  pool: pg.Pool;
  broker: EventBroker;
  source: string;
}): Promise<EventStatus> {
  const { broker, source } = options;
  const [delivery, letters] = await Promise.all([
    readDeliveryStatus(options),
    broker.connected ? listDeadLetters(broker) : [],
  ]);
  const deadOf = countBy(letters.map(({ consumer }) => consumer));
  return {
    source,
    ...delivery,
    consumers: delivery.consumers.map((consumer) => ({ ...consumer, dead: deadOf[consumer.durable] ?? 0 })),
    dead: { total: letters.length, byReason: countBy(letters.map(({ reason }) => reason)) },
  };
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
