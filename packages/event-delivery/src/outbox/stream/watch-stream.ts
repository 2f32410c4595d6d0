import type pg from 'pg';
import type { BrokerStatus, EventBroker, Stoppable } from '../../broker/broker.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import type { Log } from '../../observe/log.ts';
import { Counter } from '../../observe/report-metrics.ts';
import { inTransaction } from '../../postgres/in-transaction.ts';
import { createAlarm } from '../alarm.ts';
import { OUTBOX_CHANNEL } from '../append-to-outbox.ts';
import { POSITION_LOCK } from '../relay-lock.ts';
import {
  isHoleLookedFor,
  isNewlySuspicious,
  markHolesOwed,
  type Suspicion,
  suspicious,
  trusting,
} from './find-holes.ts';
import { gatherStored } from './gather-stored.ts';
import { isPublishingAgain, type Missing, markOwed, unpublishOwed } from './publish-again.ts';
import { readPosition, type StreamPosition, writePosition } from './stream-position.ts';

const LOOK_EVERY_MS = 5_000;
/** As long as a stream keeps events by default: what is older would be dropped again. */
const KEEP_MS = 7 * 24 * 60 * 60 * 1_000;

const republished = new Counter({
  name: 'kith_outbox_republished_total',
  help: 'Events that were published again because the stream had lost them, by what happened to it.',
  labelNames: ['source', 'reason'],
});

export interface WatchOptions {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  /** CloudEvents `source` of the outbox. */
  readonly source: string;
  /** Where it is published to. */
  readonly stream: StreamName;
  readonly log: Log;
  /** How often it looks; also at once, and when the broker comes back. */
  readonly everyMs?: number;
  /** How long the stream keeps events. */
  readonly keepForMs?: number;
}

/**
 * Anti-entropy between outbox and stream: looks whether the stream is still the one that this outbox published to, and
 * publishes again what it has lost.
 *
 * - *It is another one* (its storage was lost, it was deleted) or *an older one* (restored from a copy): everything that
 *   the outbox says was published and that is not there.
 * - *It has a hole* (a new leader never had what the one before had acknowledged, and others came in its place; a message
 *   was removed): what its newest numbers lack. Looked for at the start, after a lost connection, after a change of
 *   leader, and when its figures betray one (`find-holes.ts`).
 * - *It was cut* (purged, or at the limit of its age, size or count) above what a durable consumer had acknowledged: what
 *   lies between, once that consumer has nothing left to do.
 *
 * Where the stream has a limit, half as much at a time as it holds, and the next when consumers have nothing left to do,
 * since more would push out what they have yet to get; a consumer that is away is not waited for longer than a minute.
 *
 * The position that was last seen is kept in the database beside the outbox; rows say what has to be published again.
 * The relay publishes them in order, and those that were handled come a second time: consumers know them by inbox or
 * revision.
 */
export function startStreamWatch(options: WatchOptions): Stoppable {
  const { broker, log, stream, everyMs = LOOK_EVERY_MS } = options;
  const alarm = createAlarm();
  const memory: Memory = { waitsSince: undefined, suspicion: suspicious() };
  const reconnected = broker.onReconnect(() => {
    memory.suspicion.looks = 0;
    alarm.hurry();
  });
  let stopping = false;

  async function run(): Promise<void> {
    while (!stopping) {
      alarm.reset();
      try {
        if (broker.connected && (await lookAtStream(options, memory))) continue;
      } catch (error) {
        log.debug({ stream: stream.name, error: String(error) }, 'the stream cannot be looked at; trying again');
      }
      if (!stopping) await alarm.wait(everyMs);
    }
  }

  const running = run();
  return {
    async stop() {
      stopping = true;
      alarm.end();
      await Promise.all([running, reconnected.stop()]);
    },
  };
}

/** What one look tells the next. */
interface Memory {
  /** How long consumers have been waited for. */
  waitsSince: number | undefined;
  readonly suspicion: Suspicion;
}

/** Looks once. Resolves to whether there is more to do at once. */
export async function lookAtStream(
  options: WatchOptions,
  memory: Memory = { waitsSince: undefined, suspicion: trusting() },
): Promise<boolean> {
  const { pool, broker, stream } = options;
  const { suspicion } = memory;
  if (isHoleLookedFor(suspicion)) tellLost(options, 'hole', await markHolesOwed(options));
  suspicion.looks += 1;
  return inTransaction(pool, async (client) => {
    // One process looks at a time: what it reads from the broker has to be newer than what the last one wrote down.
    const { rows } = await client.query('SELECT pg_try_advisory_xact_lock($1, hashtext($2)) AS mine', [
      POSITION_LOCK,
      stream.name,
    ]);
    if (!rows[0].mine) return false;
    // Before the stream: what is published between the two looks is in the stream, and must not seem to be missing.
    const before = await readPosition(client, stream.name);
    const status = await broker.status();
    const found = status.streams.find(({ name }) => name === stream.name);
    if (!found) {
      await broker.declareStream(stream);
      return true;
    }
    // Before anything is written down: what is lost is found by the numbers that rows have now.
    if (isNewlySuspicious(suspicion, before, found, holesIn(found))) return true;
    const missing = whatIsMissing(before, found, status);
    const lost = missing ? await writeDown(client, missing, options) : 0;
    const left = before.owes || lost > 0 ? await publishOwed(client, found, status, memory) : 'nothing';
    await writePosition(client, stream.name, {
      ...positionAfter(before, found, status, missing),
      owes: left !== 'nothing',
    });
    return left === 'more at once';
  });
}

async function writeDown(client: pg.ClientBase, missing: Missing, options: WatchOptions): Promise<number> {
  const { broker, stream } = options;
  if (missing.among === 'all') await gatherStored(client, broker.stored(stream));
  const keep = stream.keep ?? options.keepForMs ?? broker.keepForMs ?? KEEP_MS;
  const events = await markOwed(client, missing, { keepForMs: keep === 'forever' ? undefined : keep });
  tellLost(options, missing.reason, events);
  return events;
}

function tellLost({ source, stream, log }: WatchOptions, reason: Missing['reason'] | 'hole', events: number): void {
  if (events === 0) return;
  republished.inc({ source, reason }, events);
  log.warn({ stream: stream.name, reason, events }, 'the stream has lost events: they are published again');
}

const PORTION = 50_000;
const WAITS_AT_MOST_MS = 60_000;

async function publishOwed(
  client: pg.ClientBase,
  found: Found,
  status: BrokerStatus,
  memory: Memory,
): Promise<'nothing' | 'more later' | 'more at once'> {
  const { mostMessages = Number.POSITIVE_INFINITY } = found;
  const isLimited = mostMessages < 2 * PORTION;
  if (isLimited && ((await isPublishingAgain(client)) || !isCaughtUp(status, found.name))) {
    memory.waitsSince ??= performance.now();
    if (performance.now() - memory.waitsSince < WAITS_AT_MOST_MS) return 'more later';
  }
  memory.waitsSince = undefined;
  const atMost = isLimited ? Math.max(1, Math.floor(mostMessages / 2)) : PORTION;
  const events = await unpublishOwed(client, atMost);
  await client.query("SELECT pg_notify($1, '')", [OUTBOX_CHANNEL]);
  if (events < atMost) return 'nothing';
  return isLimited ? 'more later' : 'more at once';
}

type Found = BrokerStatus['streams'][number];

function whatIsMissing(before: StreamPosition, found: Found, status: BrokerStatus): Missing | undefined {
  if (before.createdAt !== undefined && before.createdAt !== found.createdAt) {
    return { reason: 'another-stream', among: 'all', above: -1, below: Number.MAX_SAFE_INTEGER };
  }
  const floors = behindTheCut(before, found, status);
  if (Math.max(before.lastSequence, before.highestPublished) > found.lastSequence) {
    const above = Math.min(found.firstSequence - 1, ...floors);
    return { reason: 'older-stream', among: 'all', above, below: Number.MAX_SAFE_INTEGER };
  }
  if (floors.length > 0) {
    const below = found.firstSequence;
    return { reason: 'cut', among: 'cut', above: Math.min(...floors), below };
  }
  const unhad = Math.min(...Object.values(before.hadThrough));
  if (holesIn(found) > before.holes && unhad < before.lastSequence && isCaughtUp(status, found.name)) {
    return { reason: 'cut', among: 'all', above: unhad, below: Number.MAX_SAFE_INTEGER };
  }
  return undefined;
}

/** What each durable had acknowledged, of those that were cut off from what came next and have nothing left to do. */
function behindTheCut(before: StreamPosition, found: Found, status: BrokerStatus): number[] {
  return status.consumers
    .filter(({ stream, lag, unacked }) => stream === found.name && lag === 0 && unacked === 0)
    .flatMap(({ durable }) => before.hadThrough[durable] ?? [])
    .filter((floor) => floor + 1 < found.firstSequence && floor < before.highestPublished);
}

function isCaughtUp(status: BrokerStatus, stream: string): boolean {
  return status.consumers.every((each) => each.stream !== stream || (each.lag === 0 && each.unacked === 0));
}

function holesIn({ firstSequence, lastSequence, messages }: Found): number {
  return Math.max(0, lastSequence - firstSequence + 1 - messages);
}

function positionAfter(
  before: StreamPosition,
  found: Found,
  status: BrokerStatus,
  missing: Missing | undefined,
): Omit<StreamPosition, 'owes'> {
  const isAnother = missing?.reason === 'another-stream';
  // What was given up a moment ago is a number of this stream already; one that it has not reached, of the one before.
  const isOfTheOneBefore = isAnother && before.givenUpThrough > found.lastSequence;
  const hadThrough: Record<string, number> = isAnother ? {} : { ...before.hadThrough };
  for (const { stream, durable, ackedThrough, lag, unacked } of status.consumers) {
    if (stream !== found.name) continue;
    const had = hadThrough[durable];
    // Where a broker puts a consumer after a cut is not what it has had.
    const waits = had !== undefined && lag + unacked > 0 && had + 1 < found.firstSequence;
    if (!waits) hadThrough[durable] = ackedThrough;
  }
  return {
    ...before,
    createdAt: found.createdAt,
    lastSequence: found.lastSequence,
    hadThrough,
    holes: holesIn(found),
    givenUpThrough: isOfTheOneBefore ? 0 : before.givenUpThrough,
  };
}
