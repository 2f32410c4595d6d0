import { writeEnvelopeAround } from '@kith/event-contracts';
import type pg from 'pg';
import { createAlarm } from './alarm.ts';
import { backoffMs } from './backoff.ts';
import type { EventBroker, Message, Stoppable } from './broker.ts';
import { listenForCommits } from './listen-for-commits.ts';
import type { Log } from './log.ts';
import { countPublished, measureOutbox } from './measure-delivery.ts';
import { freshMessageId } from './message-id.ts';
import { isFaultOfTheMessage } from './publish-failed.ts';
import { type Hop, startHop } from './trace-event-path.ts';
import { BATCH, isOfAnotherSession, type OutboxRow, type PublishedRow, unpublishedRows } from './unpublished-rows.ts';
import { withClient } from './with-client.ts';

const SWEEP_EVERY_MS = 1_000;
/** While another relay is at it, looking at every commit would be in vain. */
const LEAVE_IT_TO_ANOTHER_MS = 25;
/** An owner whose event no broker takes (see isFaultOfTheMessage) is left alone so long; the others flow. */
const SET_ASIDE_MS = 30_000;
const RETRY = { firstMs: 100, mostMs: 5_000 };

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
  let prepares = true;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      try {
        const { isRelay, failed } = await withClient(pool, publishAllThereIs);
        if (failed && isFaultOfTheMessage(failed.error)) {
          const { row, error } = failed;
          setAside.set(row.owner_id, performance.now() + SET_ASIDE_MS);
          log.error({ ownerId: row.owner_id, outboxId: row.id, error: String(error) }, 'an event cannot be published');
          continue;
        }
        if (failed) throw failed.error;
        if (failures > 0) log.info({}, 'the relay publishes again');
        failures = 0;
        if (!isRelay) await alarm.pause(LEAVE_IT_TO_ANOTHER_MS);
        await alarm.wait(SWEEP_EVERY_MS);
      } catch (error) {
        if (prepares && isOfAnotherSession(error)) {
          prepares = false;
          continue;
        }
        failures += 1;
        // Writes go on meanwhile; said once, not at every try.
        if (failures === 1) log.warn({ error: String(error) }, 'the relay cannot publish; it keeps trying');
        if (!stopping) await alarm.pause(backoffMs(failures, RETRY));
      }
    }
  }

  /** One transaction after the other, each with one batch, while there is something: marks and others get their turn. */
  async function publishAllThereIs(client: pg.PoolClient): Promise<Round> {
    const outbox = unpublishedRows(client, { prepares });
    alarm.reset();
    let rows = await outbox.begin(ownersSetAside(setAside));
    while (rows && rows.length > 0) {
      const { done, failed } = await publishRows(rows, options);
      const isMore = rows.length === BATCH || alarm.rung();
      if (failed || stopping || !isMore) {
        await outbox.markAndEnd(done);
        return { isRelay: true, failed };
      }
      alarm.reset();
      rows = await outbox.markAndBegin(done, ownersSetAside(setAside));
    }
    await outbox.end();
    return { isRelay: rows !== undefined };
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

interface Failed {
  readonly row: OutboxRow;
  readonly error: Error;
}

interface Round {
  /** False: another one is at it. */
  readonly isRelay: boolean;
  /** The first row that the broker did not take; those behind it wait. */
  readonly failed?: Failed | undefined;
}

async function publishRows(
  rows: readonly OutboxRow[],
  options: RelayOptions,
): Promise<{ done: PublishedRow[]; failed?: Failed | undefined }> {
  const hops = rows.map((row) =>
    startHop('publish', row.traceparent ?? undefined, {
      'messaging.destination.name': row.type,
      'messaging.message.id': row.event_id,
    }),
  );
  const results = await options.broker.publish(rows.map((row, at) => toMessage(row, options.source, hops[at] as Hop)));
  const done: PublishedRow[] = [];
  let failed: Failed | undefined;
  rows.forEach((row, at) => {
    const result = results[at];
    if (result && !('error' in result)) done.push({ id: row.id, sequence: result.sequence });
    else failed ??= { row, error: result?.error ?? new Error('The broker gave no answer.') };
    hops[at]?.end(result && 'error' in result ? result.error : undefined);
  });
  if (done.length > 0) {
    const now = Date.now();
    const ages = rows.slice(0, done.length).map((row) => now - row.occurred_at.getTime());
    countPublished(options.source, ages);
    options.onPublished?.(done.length, ages[0] ?? 0);
  }
  return { done, failed };
}

function toMessage(row: OutboxRow, source: string, { traceparent }: Hop): Message {
  const payload = writeEnvelopeAround(row.payload, {
    eventId: row.event_id,
    source,
    type: row.type,
    ownerId: row.owner_id,
    revision: Number(row.revision),
    occurredAt: row.occurred_at,
    ...(traceparent ? { traceparent } : {}),
  });
  const headers = traceparent ? { traceparent } : {};
  const id = row.republished === null ? row.event_id : freshMessageId(row.event_id, row.republished);
  return { subject: row.subject, id, payload, headers };
}
