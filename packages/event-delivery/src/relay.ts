import { writeEnvelope } from '@kith/event-contracts';
import pg from 'pg';
import { OUTBOX_CHANNEL } from './append-to-outbox.ts';
import { backoffMs } from './backoff.ts';
import type { EventBroker, Message, Stoppable } from './broker.ts';
import type { Log } from './log.ts';

const BATCH = 1_000;
const SWEEP_EVERY_MS = 1_000;
/** A relay that is frozen inside a batch loses its session, and with it the lock, to the next one. */
const FROZEN_AFTER_MS = 4_000;
const RETRY = { firstMs: 100, mostMs: 5_000 };

// One number for every relay of a database: whoever holds it publishes.
const RELAY_LOCK = 0x6b697468;

const BEGIN_AS_THE_ONLY_RELAY = `
  BEGIN;
  SET LOCAL idle_in_transaction_session_timeout = ${FROZEN_AFTER_MS};
  SELECT pg_try_advisory_xact_lock(${RELAY_LOCK}) AS mine`;

// By id among the unpublished, never "id > last seen": a transaction that took its ids early may commit late.
const NEXT_BATCH = `
  SELECT id, event_id, owner_id, revision, type, subject, payload, headers, occurred_at
  FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT ${BATCH}`;

const MARK_PUBLISHED = `
  UPDATE outbox SET published_at = now(), stream_sequence = done.sequence
  FROM unnest($1::bigint[], $2::bigint[]) AS done (id, sequence) WHERE outbox.id = done.id`;

interface OutboxRow {
  id: string;
  event_id: string;
  owner_id: string;
  revision: string;
  type: string;
  subject: string;
  payload: unknown;
  headers: { traceparent?: string };
  occurred_at: Date;
}

export interface RelayOptions {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  /** CloudEvents `source` of everything this outbox publishes. */
  readonly source: string;
  readonly log: Log;
  readonly onPublished?: (count: number, oldestAgeMs: number) => void;
}

export interface Relay extends Stoppable {
  /** Wakes the relay where LISTEN cannot (a pooler in between); with LISTEN the commit itself has done so. */
  nudge(): void;
}

/**
 * Publishes the outbox: unpublished rows in the order of their ids, pipelined, marked once the broker has stored them.
 * Any number of relays may run; a transaction-level advisory lock lets one at a time publish, so order holds. A crash
 * between the broker's answer and the mark publishes again under the same message id: consumers compare revisions.
 */
export function startRelay(options: RelayOptions): Relay {
  const { pool, log } = options;
  const alarm = createAlarm();
  const listener = listenForCommits(pool, alarm.wake, log);
  const reconnected = options.broker.onReconnect(alarm.wake);
  let stopping = false;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      alarm.reset();
      try {
        const published = await publishBatch(options);
        if (failures > 0) log.info({}, 'the relay publishes again');
        failures = 0;
        if (published < BATCH) await alarm.wait(SWEEP_EVERY_MS);
      } catch (error) {
        failures += 1;
        // Writes go on meanwhile; said once, not at every try.
        if (failures === 1) log.warn({ error: String(error) }, 'the relay cannot publish; it keeps trying');
        if (!stopping) await alarm.pause(backoffMs(failures, RETRY));
      }
    }
  }

  const running = run();
  return {
    nudge() {
      if (!listener.listening()) alarm.wake();
    },
    async stop() {
      stopping = true;
      alarm.end();
      await running;
      await Promise.all([listener.stop(), reconnected.stop()]);
    },
  };
}

/** How many rows were published: 0 also when another relay is at it. */
async function publishBatch(options: RelayOptions): Promise<number> {
  const client = await options.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const begun = (await client.query(BEGIN_AS_THE_ONLY_RELAY)) as unknown as pg.QueryResult[];
    if (!begun.at(-1)?.rows[0].mine) {
      await client.query('ROLLBACK');
      return 0;
    }
    const { rows } = await client.query<OutboxRow>({ name: 'relay-next-batch', text: NEXT_BATCH });
    if (rows.length === 0) {
      await client.query('COMMIT');
      return 0;
    }
    const results = await options.broker.publish(rows.map((row) => toMessage(row, options.source)));
    const done = rows.flatMap((row, at) => {
      const result = results[at];
      return result && !('error' in result) ? [{ id: row.id, sequence: result.sequence }] : [];
    });
    if (done.length > 0) {
      await client.query({
        name: 'relay-mark-published',
        text: MARK_PUBLISHED,
        values: [done.map((row) => row.id), done.map((row) => row.sequence)],
      });
    }
    await client.query('COMMIT');
    options.onPublished?.(done.length, Date.now() - rows[0]!.occurred_at.getTime());
    const failed = results.find((result) => 'error' in result);
    if (failed && 'error' in failed) throw failed.error;
    return done.length;
  } catch (error) {
    broken ??= error as Error;
    throw error;
  } finally {
    client.off('error', onError);
    // A session in an unknown state is not given to the next caller.
    client.release(broken);
  }
}

function toMessage(row: OutboxRow, source: string): Message {
  const payload = writeEnvelope({
    eventId: row.event_id,
    source,
    type: row.type,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    data: row.payload,
    ...(row.headers.traceparent ? { traceparent: row.headers.traceparent } : {}),
  });
  const headers = row.headers.traceparent ? { traceparent: row.headers.traceparent } : {};
  return { subject: row.subject, id: row.event_id, payload, headers };
}

/** A connection of its own that LISTENs, opened again whenever it is lost. */
function listenForCommits(pool: pg.Pool, wake: () => void, log: Log) {
  let client: pg.Client | undefined;
  let up = false;
  let stopping = false;
  let again: NodeJS.Timeout | undefined;

  async function open(): Promise<void> {
    const opened = new pg.Client({ ...pool.options, application_name: 'outbox-relay-listen' });
    client = opened;
    const lost = () => {
      if (client !== opened) return;
      client = undefined;
      up = false;
      void opened.end().catch(() => undefined);
      if (!stopping) again = setTimeout(() => void open(), 500);
    };
    opened.on('error', lost);
    opened.on('end', lost);
    opened.on('notification', wake);
    try {
      await opened.connect();
      await opened.query(`LISTEN ${OUTBOX_CHANNEL}`);
      up = true;
      wake();
    } catch (error) {
      log.debug({ error: String(error) }, 'cannot listen for commits yet; the sweep goes on');
      lost();
    }
  }

  void open();
  return {
    listening: () => up,
    async stop() {
      stopping = true;
      clearTimeout(again);
      await client?.end().catch(() => undefined);
    },
  };
}

/** Wakes that come while the relay is at work are not lost: the next wait returns at once. */
function createAlarm() {
  let rung = false;
  let ended = false;
  let ring: (() => void) | undefined;

  function sleep(ms: number, wakesEarly: boolean): Promise<void> {
    if (ended || (wakesEarly && rung)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done() {
        clearTimeout(timer);
        ring = undefined;
        resolve();
      }
      ring = () => {
        if (wakesEarly || ended) done();
      };
    });
  }

  return {
    reset: () => {
      rung = false;
    },
    wake: () => {
      rung = true;
      ring?.();
    },
    /** Until it rings, at most `ms`. */
    wait: (ms: number) => sleep(ms, true),
    /** For `ms`, whatever rings. */
    pause: (ms: number) => sleep(ms, false),
    end: () => {
      ended = true;
      ring?.();
    },
  };
}
