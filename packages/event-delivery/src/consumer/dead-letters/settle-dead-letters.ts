import { randomUUID } from 'node:crypto';
import type { EventBroker } from '../../broker/broker.ts';
import { DEAD_STREAM, deadLetter, deadLettersChanged } from '../../broker/durable-names.ts';
import { freshMessageId } from '../../broker/message-id.ts';
import { HELD_BEHIND, type StoredDeadLetter } from './dead-letter.ts';
import { readDeadLetters } from './dead-letter-box.ts';
import { recordSettlement } from './record-settlement.ts';
import { writeRedriveHeaders } from './redrive-headers.ts';

/** Which dead letters are meant; what is left out matches all. */
export interface DeadLetterFilter {
  /** Letters' names: their sequences. */
  readonly letters?: readonly number[] | undefined;
  readonly consumer?: string | undefined;
  readonly ownerId?: string | undefined;
  readonly reason?: string | undefined;
}

export type RefusalToSettle =
  /** The consumer holds order, and an earlier event of this owner is dead and not among those to be redriven. */
  | 'EARLIER_STILL_DEAD'
  /** It was too large to be copied; the origin tells where it is. */
  | 'PAYLOAD_NOT_KEPT';

/** Of one that was named and is not there, because it was settled before or never was: `missing`, and nothing is done. */
export type Settled =
  | { readonly outcome: 'missing'; readonly letter: Pick<StoredDeadLetter, 'sequence'> }
  | SettledLetter;

type SettledLetter = { readonly letter: StoredDeadLetter } & (
  | { readonly outcome: 'redriven' | 'dropped' }
  /** Parked behind another that is redriven now: its consumer handles it next by itself. */
  | { readonly outcome: 'follows' }
  | { readonly outcome: 'refused'; readonly code: RefusalToSettle }
);

/** In their owners' order. */
export async function listDeadLetters(broker: EventBroker, filter: DeadLetterFilter = {}): Promise<StoredDeadLetter[]> {
  const { consumer = '*', ownerId = '*' } = filter;
  const letters = await readDeadLetters(broker, deadLetter(consumer, ownerId));
  const wanted = filter.letters === undefined ? undefined : new Set(filter.letters);
  return letters.filter(
    (letter) =>
      (wanted === undefined || wanted.has(letter.sequence)) &&
      (filter.reason === undefined || letter.reason === filter.reason),
  );
}

/**
 * Redrive of the dead letter queue: sends dead events to the consumer that gave them up, once more: on their original
 * subjects, under fresh message ids (which no dedup window swallows), for that consumer alone. A letter goes away when
 * its event has been handled; if it dies again, it takes the letter's place. Every redrive is recorded. Yields what
 * became of each as it is done, so that a thousand can be watched.
 */
export async function* redriveDeadLetters(
  broker: EventBroker,
  filter: DeadLetterFilter,
  now: () => Date = () => new Date(),
): AsyncGenerator<Settled> {
  const chosen = await listDeadLetters(broker, filter);
  yield* await missingAmong(broker, filter, chosen);
  const held = await heldLetters(broker, chosen);
  const redriven = new Set<number>();
  for (const letter of chosen) {
    const settled = decide(letter, held, redriven);
    if (settled.outcome !== 'refused') redriven.add(letter.sequence);
    if (settled.outcome === 'redriven') await redrive(broker, letter, now());
    yield settled;
  }
}

/** Removes dead events for good; they are recorded. What a consumer held behind them is handled next. */
export async function* dropDeadLetters(
  broker: EventBroker,
  filter: DeadLetterFilter,
  now: () => Date = () => new Date(),
): AsyncGenerator<Settled> {
  const chosen = await listDeadLetters(broker, filter);
  yield* await missingAmong(broker, filter, chosen);
  for (const letter of chosen) {
    await recordSettlement(broker, letter, 'dropped', now());
    await broker.deleteStored(DEAD_STREAM, letter.sequence);
    broker.announce(deadLettersChanged(letter.consumer), letter.ownerId);
    yield { letter, outcome: 'dropped' };
  }
}

async function missingAmong(
  broker: EventBroker,
  { letters = [] }: DeadLetterFilter,
  chosen: readonly StoredDeadLetter[],
): Promise<Settled[]> {
  const missing = new Set(letters);
  for (const { sequence } of chosen) missing.delete(sequence);
  // One that is there, and that another condition excludes, is not missing.
  if (missing.size > 0) for (const { sequence } of await listDeadLetters(broker, { letters })) missing.delete(sequence);
  return [...missing].map((sequence) => ({ outcome: 'missing', letter: { sequence } }));
}

const ownerOf = (letter: StoredDeadLetter) => `${letter.consumer} ${letter.ownerId}`;

/** All letters of the owners whom a consumer holds, not only the chosen ones: in the owners' order. */
async function heldLetters(
  broker: EventBroker,
  chosen: readonly StoredDeadLetter[],
): Promise<Map<string, StoredDeadLetter[]>> {
  const held = new Map<string, StoredDeadLetter[]>();
  if (!chosen.some(({ whenPoisoned }) => whenPoisoned === 'hold')) return held;
  for (const letter of await readDeadLetters(broker)) {
    if (letter.whenPoisoned !== 'hold') continue;
    held.set(ownerOf(letter), [...(held.get(ownerOf(letter)) ?? []), letter]);
  }
  return held;
}

function decide(
  letter: StoredDeadLetter,
  held: ReadonlyMap<string, readonly StoredDeadLetter[]>,
  redriven: ReadonlySet<number>,
): SettledLetter {
  const all = held.get(ownerOf(letter)) ?? [];
  const earlier = all.slice(
    0,
    all.findIndex(({ sequence }) => sequence === letter.sequence),
  );
  if (letter.whenPoisoned === 'hold' && earlier.some(({ sequence }) => !redriven.has(sequence))) {
    return { letter, outcome: 'refused', code: 'EARLIER_STILL_DEAD' };
  }
  if (letter.reason === HELD_BEHIND && earlier.length > 0) return { letter, outcome: 'follows' };
  if (letter.payload === null) return { letter, outcome: 'refused', code: 'PAYLOAD_NOT_KEPT' };
  return { letter, outcome: 'redriven' };
}

async function redrive(broker: EventBroker, letter: StoredDeadLetter, now: Date): Promise<void> {
  const { traceparent } = letter.headers;
  await recordSettlement(broker, letter, 'redriven', now);
  const [result] = await broker.publish([
    {
      subject: letter.origin.subject,
      id: freshMessageId(letter.eventId, `redrive-${randomUUID()}`),
      payload: Buffer.from(letter.payload ?? '', 'base64').toString('utf8'),
      headers: {
        ...(traceparent === undefined ? {} : { traceparent }),
        ...writeRedriveHeaders(broker, { consumer: letter.consumer, letter: letter.sequence }),
      },
    },
  ]);
  if (!result || 'error' in result) throw result?.error ?? new Error('The redrive got no answer.');
}
