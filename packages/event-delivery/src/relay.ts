import { writeEnvelope } from '@kith/event-contracts';
import type pg from 'pg';
import { createAlarm } from './alarm.ts';
import { backoffMs } from './backoff.ts';
import type { EventBroker, Message, Stoppable } from './broker.ts';
import { listenForCommits } from './listen-for-commits.ts';
import type { Log } from './log.ts';
import { countPublished, measureOutbox } from './measure-delivery.ts';
import { freshMessageId } from './message-id.ts';
import { isFaultOfTheMessage } from './publish-failed.ts';
import { RELAY_LOCK } from './relay-lock.ts';
import { type Hop, startHop } from './trace-event-path.ts';

const BATCH = 1_000;
const SWEEP_EVERY_MS = 1_000;
/** A relay that is frozen inside a batch loses its session, and with it the lock, to the next one. */
const FROZEN_AFTER_MS = 3_000;
/** An owner whose event no broker takes (see isFaultOfTheMessage) is left alone so long; the others flow. */
const SET_ASIDE_MS = 30_000;
const RETRY = { firstMs: 100, mostMs: 5_000 };

// Not waiting for the disk: a mark that a crash takes back only means that its event is published again.
const BEGIN_AS_THE_ONLY_RELAY = `
  BEGIN;
  SET LOCAL synchronous_commit = off;
  SET LOCAL idle_in_transaction_session_timeout = ${FROZEN_AFTER_MS};
  SELECT pg_try_advisory_xact_lock(${RELAY_LOCK}) AS mine`;

// By id among the unpublished, never "id > last seen": a transaction that took its ids early may commit late.
const NEXT_BATCH = `
  SELECT id, event_id, owner_id, revision, type, subject, payload, headers, occurred_at
  FROM outbox WHERE published_at IS NULL AND owner_id <> ALL ($1::text[]) ORDER BY id LIMIT ${BATCH}`;

// Not now(), which is when the transaction began, before the broker had any of it: reconciling compares with this time.
const MARK_PUBLISHED = `
  UPDATE outbox SET published_at = clock_timestamp(), stream_sequence = done.sequence
  FROM unnest($1::bigint[], $2::bigint[]) AS done (id, sequence) WHERE outbox.id = done.id`;

interface OutboxRow {
  id: string;
  event_id: string;
  owner_id: string;
  revision: string;
  type: string;
  subject: string;
  payload: unknown;
  headers: { traceparent?: string; republished?: string };
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
  const reconnected = options.broker.onReconnect(alarm.hurry);
  const measured = measureOutbox(options.source, pool);
  const setAside = new Map<string, number>();
  let stopping = false;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      alarm.reset();
      try {
        const batch = await publishBatch(options, ownersSetAside(setAside));
        if (batch.failed && isFaultOfTheMessage(batch.failed.error)) {
          const { row, error } = batch.failed;
          setAside.set(row.owner_id, performance.now() + SET_ASIDE_MS);
          log.error({ ownerId: row.owner_id, outboxId: row.id, error: String(error) }, 'an event cannot be published');
          continue;
        }
        if (batch.failed) throw batch.failed.error;
        if (failures > 0) log.info({}, 'the relay publishes again');
        failures = 0;
        if (batch.published < BATCH) await alarm.wait(SWEEP_EVERY_MS);
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
      await Promise.all([listener.stop(), reconnected.stop(), measured.stop()]);
    },
  };
}

function ownersSetAside(setAside: Map<string, number>): string[] {
  for (const [ownerId, until] of setAside) if (until < performance.now()) setAside.delete(ownerId);
  return [...setAside.keys()];
}

interface Batch {
  /** 0 also when another relay is at it. */
  readonly published: number;
  /** The first row that the broker did not take; those behind it wait. */
  readonly failed?: { readonly row: OutboxRow; readonly error: Error };
}

async function publishBatch(options: RelayOptions, ownersToSkip: readonly string[]): Promise<Batch> {
  const client = await options.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error) => {
    broken = error;
  };
  client.on('error', onError);
  try {
    const begun = (await client.query(BEGIN_AS_THE_ONLY_RELAY)) as unknown as pg.QueryResult[];
    const batch = begun.at(-1)?.rows[0].mine ? await publishNext(client, options, ownersToSkip) : { published: 0 };
    await client.query('COMMIT');
    return batch;
  } catch (error) {
    broken ??= error as Error;
    throw error;
  } finally {
    client.off('error', onError);
    // A session in an unknown state is not given to the next caller.
    client.release(broken);
  }
}

async function publishNext(
  client: pg.PoolClient,
  options: RelayOptions,
  ownersToSkip: readonly string[],
): Promise<Batch> {
  const { rows } = await client.query<OutboxRow>({
    name: 'relay-next-batch',
    text: NEXT_BATCH,
    values: [ownersToSkip],
  });
  if (rows.length === 0) return { published: 0 };
  const hops = rows.map((row) =>
    startHop('publish', row.headers.traceparent, {
      'messaging.destination.name': row.type,
      'messaging.message.id': row.event_id,
    }),
  );
  const results = await options.broker.publish(rows.map((row, at) => toMessage(row, options.source, hops[at] as Hop)));
  const done: { id: string; sequence: number }[] = [];
  let failed: Batch['failed'];
  rows.forEach((row, at) => {
    const result = results[at];
    if (result && !('error' in result)) done.push({ id: row.id, sequence: result.sequence });
    else failed ??= { row, error: result?.error ?? new Error('The broker gave no answer.') };
    hops[at]?.end(result && 'error' in result ? result.error : undefined);
  });
  if (done.length > 0) {
    await client.query({
      name: 'relay-mark-published',
      text: MARK_PUBLISHED,
      values: [done.map((row) => row.id), done.map((row) => row.sequence)],
    });
    const now = Date.now();
    const ages = rows.slice(0, done.length).map((row) => now - row.occurred_at.getTime());
    countPublished(options.source, ages);
    options.onPublished?.(done.length, ages[0] ?? 0);
  }
  return failed ? { published: done.length, failed } : { published: done.length };
}

function toMessage(row: OutboxRow, source: string, { traceparent }: Hop): Message {
  const payload = writeEnvelope({
    eventId: row.event_id,
    source,
    type: row.type,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    data: row.payload,
    ...(traceparent ? { traceparent } : {}),
  });
  const headers = traceparent ? { traceparent } : {};
  const { republished } = row.headers;
  const id = republished === undefined ? row.event_id : freshMessageId(row.event_id, republished);
  return { subject: row.subject, id, payload, headers };
}
