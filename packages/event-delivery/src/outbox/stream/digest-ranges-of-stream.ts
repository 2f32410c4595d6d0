import { createHash } from 'node:crypto';
import type { EventBroker, StoredMessage } from '../../broker/broker.ts';
import { eventIdOf } from '../../broker/message-id.ts';
import type { StreamName } from '../../envelope/stream-name.ts';

/** So many sequence numbers of the stream have one digest. */
export const RANGE = 1_024;

/** Of a set of events: how many, and the sum of their hashes, so that the order of adding them does not matter. */
export interface RangeDigest {
  readonly count: number;
  readonly sum: number;
}

/** By number of the range; one without events is missing. */
export type RangeDigests = ReadonlyMap<number, RangeDigest>;

export const rangeOf = (sequence: number): number => Math.floor(sequence / RANGE);

/** 40 bits: 1,024 of them add up to less than a double holds exactly. */
const HASH_BYTES = 5;
/** The same of an `event_id`, in Postgres. */
export const HASH_OF_EVENT = `('x' || encode(substring(sha256(uuid_send(event_id)) FOR ${HASH_BYTES}), 'hex'))::bit(${8 * HASH_BYTES})::bigint`;

export const EVENT_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function hashOf(eventId: string): number {
  const bytes = Buffer.from(eventId.replaceAll('-', ''), 'hex');
  return createHash('sha256').update(bytes).digest().readUIntBE(0, HASH_BYTES);
}

/** The event that a message carries; of one without an id, or with another's, undefined. */
export function eventIn({ id }: Pick<StoredMessage, 'id'>): string | undefined {
  const eventId = id === undefined ? '' : eventIdOf(id);
  return EVENT_ID.test(eventId) ? eventId.toLowerCase() : undefined;
}

export function addTo(digests: Map<number, RangeDigest>, range: number, more: RangeDigest): void {
  const { count, sum } = digests.get(range) ?? { count: 0, sum: 0 };
  digests.set(range, { count: count + more.count, sum: sum + more.sum });
}

const TELL_EVERY = 2_000;

/** Range digests (anti-entropy, as of a Merkle tree's leaves) of all that a stream holds: some bytes for 1,024 events. */
export async function digestStream(
  broker: EventBroker,
  stream: StreamName,
  onProgress: (done: number) => unknown,
): Promise<RangeDigests> {
  const digests = new Map<number, RangeDigest>();
  let done = 0;
  for await (const message of broker.stored(stream)) {
    const event = eventIn(message);
    // Of no event: counted, so that the range is looked at.
    addTo(digests, rangeOf(message.sequence), { count: 1, sum: event === undefined ? 0 : hashOf(event) });
    done += 1;
    if (done % TELL_EVERY === 0) await onProgress(done);
  }
  await onProgress(done);
  return digests;
}

const PORTION = 2_000;

/** What the stream holds in these ranges, in order and in portions. */
export async function* storedIn(
  broker: EventBroker,
  stream: StreamName,
  ranges: ReadonlySet<number>,
): AsyncGenerator<StoredMessage[]> {
  for (const { first, last } of runsOf(ranges)) {
    let portion: StoredMessage[] = [];
    const [from, to] = [first * RANGE, (last + 1) * RANGE];
    for await (const message of broker.stored(stream, { after: Math.max(0, from - 1) })) {
      if (message.sequence >= to) break;
      if (message.sequence < from) continue;
      portion.push(message);
      if (portion.length < PORTION) continue;
      yield portion;
      portion = [];
    }
    if (portion.length > 0) yield portion;
  }
}

/** Ranges beside each other are read together. */
function runsOf(ranges: ReadonlySet<number>): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const range of [...ranges].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run.last + 1 === range) run.last = range;
    else runs.push({ first: range, last: range });
  }
  return runs;
}
