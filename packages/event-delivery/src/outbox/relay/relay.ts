import type pg from 'pg';
import type { EventBroker, Stoppable } from '../../broker/broker.ts';
import { backoffMs } from '../../failures/backoff.ts';
import type { Log } from '../../observe/log.ts';
import { measureOutbox } from '../../observe/measure-delivery.ts';
import { mayPrepare } from '../../postgres/borrow-a-session.ts';
import { listenForCommits } from '../../postgres/listen-for-commits.ts';
import { hasItsOwnSession } from '../../postgres/session-of-its-own.ts';
import { withClient } from '../../postgres/with-client.ts';
import { createAlarm } from '../alarm.ts';
import { OUTBOX_CHANNEL } from '../append-to-outbox.ts';
import { publishRows } from './publish-rows.ts';
import { markSetAside, ownersSetAside, type Refused } from './set-aside.ts';
import { BATCH, isOfAnotherSession, type PublishedRow, unpublishedRows } from './unpublished-rows.ts';

const SWEEP_EVERY_MS = 1_000;
/** While another relay publishes, looking after every commit finds nothing to do. */
const LEAVE_IT_TO_ANOTHER_MS = 25;
/** A stream without a leader has one again within seconds: a longer pause would be added to that. */
const RETRY = { firstMs: 100, mostMs: 1_000 };

export interface RelayOptions {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  /** CloudEvents `source` of everything this outbox publishes. */
  readonly source: string;
  readonly log: Log;
  readonly onPublished?: (count: number, oldestAgeMs: number) => void;
  /** How often it looks without having been woken: for commits whose NOTIFY was lost (1,000 unless told). */
  readonly sweepEveryMs?: number;
}

export interface Relay extends Stoppable {
  /** Wakes the relay where LISTEN cannot (a pooler in between); with LISTEN the commit itself has done so. */
  nudge(): void;
}

/**
 * Message relay (polling publisher) of the outbox, one at a time (leader election): unpublished rows in the order of
 * their ids, pipelined, marked once the broker has stored them. Any number of relays may run; a transaction-level
 * advisory lock lets one at a time publish, so order holds. A crash between the broker's answer and the mark publishes
 * again under the same message id: consumers compare revisions. An owner whose event no broker takes is set aside; the
 * others flow.
 */
export function startRelay(options: RelayOptions): Relay {
  const { pool, log, sweepEveryMs = SWEEP_EVERY_MS } = options;
  const alarm = createAlarm();
  const listener = listenForCommits(pool, OUTBOX_CHANNEL, alarm.wake, log);
  const reconnected = options.broker.onReconnect(alarm.hurry);
  const measured = measureOutbox(options.source, pool);
  const setAside = ownersSetAside();
  let stopping = false;
  let prepares = true;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping) {
      try {
        const { isRelay, failed } = await withClient(pool, publishAllThereIs);
        if (failed) throw failed;
        if (failures > 0) log.info({}, 'the relay publishes again');
        failures = 0;
        if (!isRelay) await alarm.pause(LEAVE_IT_TO_ANOTHER_MS);
        await alarm.wait(sweepEveryMs);
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

  /**
   * One transaction after the other, each with one batch, while there is something: marks and others get their turn.
   */
  async function publishAllThereIs(client: pg.PoolClient): Promise<Round> {
    const outbox = unpublishedRows(client, {
      prepares: prepares && mayPrepare(client) && (await hasItsOwnSession(client)),
    });
    alarm.reset();
    await setAside.refresh(client);
    let rows = await outbox.begin(setAside.toSkip());
    while (rows && rows.length > 0) {
      const { done, refused, failed } = await publishRows(rows, options);
      await leaveAside({ setAside, log }, client, refused, done);
      const isMore = rows.length === BATCH || refused.length > 0 || alarm.rung();
      if (failed || stopping || !isMore) {
        await outbox.markAndEnd(done);
        return { isRelay: true, failed };
      }
      alarm.reset();
      rows = await outbox.markAndBegin(done, setAside.toSkip());
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

/** Sets aside whose event no broker takes, and forgets whose was published; the log names each event once. */
async function leaveAside(
  { setAside, log }: { setAside: ReturnType<typeof ownersSetAside>; log: Log },
  client: pg.PoolClient,
  refused: readonly Refused[],
  done: readonly PublishedRow[],
): Promise<void> {
  for (const { ownerKey } of done) setAside.published(ownerKey);
  for (const each of refused) {
    const { id, event_id: eventId, owner_id: ownerId, type, subject } = each.row;
    const { code } = each.error as { code?: string };
    const isNew = setAside.add(each);
    const about = { outboxId: id, eventId, ownerId, type, subject, code, error: String(each.error) };
    if (isNew) log.error(about, 'an event cannot be published');
    else log.debug(about, 'an event still cannot be published');
  }
  await markSetAside(client, refused);
}

interface Round {
  /** False: another relay is publishing. */
  readonly isRelay: boolean;
  /** Why the broker did not take a row, and none behind it. */
  readonly failed?: Error | undefined;
}
