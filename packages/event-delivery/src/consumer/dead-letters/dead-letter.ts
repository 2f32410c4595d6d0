import { z } from 'zod';
import { type Delivery, MESSAGE_ID_HEADER, type Message, type StoredMessage } from '../../broker/broker.ts';
import { deadLetter as deadLetterSubject } from '../../broker/durable-names.ts';
import { eventIdOf } from '../../broker/message-id.ts';

/** A larger payload is not copied: the letter tells where the original is. */
const MAX_PAYLOAD_BYTES = 512 * 1024;

/** What becomes of the later events of an owner whose event died: they are handled, or parked until it is settled. */
export type WhenPoisoned = 'pass' | 'hold';

/** Reason of a letter whose event was never tried, because an earlier one of its owner is dead. */
export const HELD_BEHIND = 'HELD_BEHIND';

const deadLetterSchema = z.object({
  consumer: z.string(),
  ownerId: z.string(),
  eventId: z.string(),
  type: z.string().nullable(),
  revision: z.number().nullable(),
  /** One word to select by: an error's code, else its name. */
  reason: z.string(),
  message: z.string(),
  stack: z.string().nullable(),
  attempts: z.number(),
  diedAt: z.string(),
  whenPoisoned: z.enum(['pass', 'hold']),
  origin: z.object({ stream: z.string(), sequence: z.number(), subject: z.string() }),
  /** Of an event that was redriven and died again: the place of its first letter. */
  place: z.number().nullable(),
  /** The message as it came, base64, for it may not even be text; null when it is too large. */
  payload: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
});

/** Dead letter: what a consumer gave up on, with everything an operator needs to understand it and to send it again. */
export type DeadLetter = z.output<typeof deadLetterSchema>;

export interface StoredDeadLetter extends DeadLetter {
  /** The letter's name: its sequence in the stream DEAD. */
  readonly sequence: number;
  /** Its place in the owner's order, which a second death does not change. */
  readonly place: number;
}

export function writeDeadLetter(options: {
  consumer: string;
  whenPoisoned: WhenPoisoned;
  ownerId: string;
  stream: string;
  delivery: Pick<Delivery, 'subject' | 'payload' | 'headers' | 'sequence'>;
  reason: string;
  error: unknown;
  attempts: number;
  now: Date;
  /** The letter that this one replaces. */
  replaces?: StoredDeadLetter | undefined;
}): { letter: DeadLetter; message: Message } {
  const { consumer, ownerId, stream, delivery, error, replaces } = options;
  const messageId = delivery.headers[MESSAGE_ID_HEADER] ?? `${stream}-${delivery.sequence}`;
  const letter: DeadLetter = {
    consumer,
    ownerId,
    eventId: eventIdOf(messageId),
    ...glance(delivery.payload),
    reason: options.reason,
    message: error instanceof Error ? error.message : String(error),
    stack: error instanceof Error ? (error.stack ?? null) : null,
    attempts: options.attempts,
    diedAt: options.now.toISOString(),
    whenPoisoned: options.whenPoisoned,
    origin: replaces?.origin ?? { stream, sequence: delivery.sequence, subject: delivery.subject },
    place: replaces?.place ?? null,
    payload: delivery.payload.length > MAX_PAYLOAD_BYTES ? null : Buffer.from(delivery.payload).toString('base64'),
    headers: { ...delivery.headers },
  };
  // Another death of the same delivery is the same letter; a redriven event that dies again is a new one.
  const id = ['dead', consumer, stream, delivery.sequence, messageId, replaces?.sequence ?? ''].join(':');
  return { letter, message: { subject: deadLetterSubject(consumer, ownerId), id, payload: JSON.stringify(letter) } };
}

/** Null for what is stored there and is no letter of ours. */
export function readDeadLetter(stored: StoredMessage): StoredDeadLetter | null {
  try {
    const letter = deadLetterSchema.parse(JSON.parse(Buffer.from(stored.payload).toString('utf8')));
    return { ...letter, sequence: stored.sequence, place: letter.place ?? stored.sequence };
  } catch {
    return null;
  }
}

/** One word for an error that an operator can select dead letters by. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'ERROR';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

/** What can be read of a payload that may be unreadable, for the operator's list. */
function glance(payload: Uint8Array): { type: string | null; revision: number | null } {
  try {
    const { type, revision } = JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
    return {
      type: typeof type === 'string' ? type : null,
      revision: typeof revision === 'number' ? revision : null,
    };
  } catch {
    return { type: null, revision: null };
  }
}
