import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import type { BrokerStatus, EventBroker } from '../../broker/broker.ts';
import type { StreamName } from '../../envelope/stream-name.ts';
import { inTransaction } from '../../postgres/in-transaction.ts';
import { OWED } from '../archive/owed-rows.ts';
import { POSITION_LOCK } from '../relay-lock.ts';
import { eventIn } from './digest-ranges-of-stream.ts';
import { keepRelayOut } from './publish-again.ts';
import { readPosition, type StreamPosition, writePosition } from './stream-position.ts';

/** So many of a stream's newest numbers are compared: some seconds of a busy stream, and a second of reading. */
const NUMBERS = 10_000;
/** Rows are newer than numbers say where some wait, or were set aside. */
const ROWS = 2 * NUMBERS;
/** A follower that is asked may be behind its leader. */
const BEHIND = { tries: 3, pauseMs: 500 };
/** After a new leader it is looked twice: a follower that has yet to give up what it alone has may have been asked. */
const LOOK_AGAIN_AFTER = 3;

type Found = BrokerStatus['streams'][number];

/** What was seen at the last look that may betray a hole, and how many looks ago something did. */
export interface Suspicion {
  looks: number;
  leader: string | undefined;
  holes: number;
  sharedNumbers: number;
}

/** Whoever starts does not know what has happened before. */
export const suspicious = (): Suspicion => ({ looks: 0, leader: undefined, holes: 0, sharedNumbers: 0 });

/** Figures alone are looked at, until they betray something. */
export const trusting = (): Suspicion => ({ ...suspicious(), looks: LOOK_AGAIN_AFTER + 1 });

export const isHoleLookedFor = ({ looks }: Suspicion): boolean => looks === 0 || looks === LOOK_AGAIN_AFTER;

/**
 * Whether something happened since the last look with which a stream may lose what it had acknowledged, while others came
 * in its place: another leader, messages that went from between others, or one number for two events.
 */
export function isNewlySuspicious(suspicion: Suspicion, before: StreamPosition, found: Found, holes: number): boolean {
  const { leader } = found;
  const isFirst = suspicion.leader === undefined;
  const suspects =
    (leader !== undefined && leader !== suspicion.leader && !isFirst) ||
    holes > Math.max(before.holes, suspicion.holes) ||
    before.sharedNumbers > suspicion.sharedNumbers;
  suspicion.leader = leader ?? suspicion.leader;
  suspicion.holes = holes;
  suspicion.sharedNumbers = before.sharedNumbers;
  if (suspects) suspicion.looks = 0;
  return suspects;
}

// What stands at a lost number now may have been taken for it by a consumer that had acknowledged the number: it is
// published again too.
const LOST = `
  WITH recent AS (
    SELECT id, event_id, stream_sequence FROM outbox WHERE published_at IS NOT NULL ORDER BY id DESC LIMIT ${ROWS}
  ), lost AS (
    SELECT stream_sequence FROM recent WHERE stream_sequence > $2 AND stream_sequence <= $3
      AND NOT EXISTS (SELECT FROM unnest($1::uuid[]) AS there (event_id) WHERE there.event_id = recent.event_id)
  )`;

const IS_ANY_LOST = `${LOST} SELECT EXISTS (SELECT FROM lost) AS lost`;

const MARK_OWED = `${LOST}
  UPDATE outbox SET stream_sequence = ${OWED} FROM recent
  WHERE outbox.id = recent.id AND outbox.stream_sequence IN (SELECT stream_sequence FROM lost)`;

/**
 * Anti-entropy of the newest numbers: compares, event by event, what the outbox says is in the stream at its last 10,000
 * numbers with what is there, and writes down in the rows what is not (`markOwed` of `publish-again.ts`). Finds what the
 * last number alone does not tell: an event that a new leader has never had, and in whose place others have come, and
 * one that was removed from between others. The stream is read before the database is asked, so that no connection waits
 * for it. Resolves to how many rows are to be published again.
 */
export async function markHolesOwed(options: {
  readonly pool: pg.Pool;
  readonly broker: EventBroker;
  readonly stream: StreamName;
}): Promise<number> {
  const { pool, stream } = options;
  const before = await standingOf(options);
  if (!before || before.dropsFromBetween) return 0;
  const { createdAt, lastSequence } = before;
  const after = Math.max(before.firstSequence - 1, lastSequence - NUMBERS);
  if (after >= lastSequence) return 0;
  const there = await eventsAbove(after, lastSequence, options);
  // Meanwhile it may have dropped its oldest.
  const now = await standingOf(options);
  if (!now || now.createdAt !== createdAt) return 0;
  const values = [there, Math.max(after, now.firstSequence - 1), lastSequence];
  const { rows } = await pool.query<{ lost: boolean }>(IS_ANY_LOST, values);
  if (!rows[0]?.lost) return 0;
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [POSITION_LOCK, stream.name]);
    const position = await readPosition(client, stream.name);
    // Of another stream the numbers mean nothing; the look finds that out by itself.
    if (position.createdAt !== createdAt) return 0;
    await keepRelayOut(client);
    const { rowCount } = await client.query(MARK_OWED, values);
    await writePosition(client, stream.name, { ...position, createdAt, owes: true });
    return rowCount ?? 0;
  });
}

async function standingOf({ broker, stream }: { broker: EventBroker; stream: StreamName }): Promise<Found | undefined> {
  const { streams } = await broker.status();
  return streams.find(({ name }) => name === stream.name);
}

/** The ids of events above one number, through another. */
async function eventsAbove(
  after: number,
  last: number,
  { broker, stream }: { broker: EventBroker; stream: StreamName },
): Promise<string[]> {
  const events: string[] = [];
  let through = after;
  for (let tries = 0; through < last && tries < BEHIND.tries; tries += 1) {
    if (tries > 0) await sleep(BEHIND.pauseMs, undefined, { ref: false });
    for await (const message of broker.stored(stream, { after: through })) {
      if (message.sequence > last) break;
      through = message.sequence;
      const event = eventIn(message);
      if (event !== undefined) events.push(event);
    }
  }
  return events;
}
