import { deadLetter as deadLetterSubject } from '@kith/event-contracts';
import type { Delivery, Message } from './broker.ts';

/** What a consumer gave up on, with everything an operator needs to understand it and to send it again. */
export interface DeadLetter {
  readonly consumer: string;
  readonly ownerId: string;
  /** The message id it was published with, or a made-up one where it had none. */
  readonly eventId: string;
  readonly reason: string;
  readonly stack: string | undefined;
  readonly attempts: number;
  readonly diedAt: string;
  readonly origin: { readonly stream: string; readonly sequence: number; readonly subject: string };
  /** The message as it came, base64: it may not even be text. */
  readonly payload: string;
  readonly headers: Readonly<Record<string, string>>;
}

export function writeDeadLetter(options: {
  consumer: string;
  ownerId: string;
  stream: string;
  delivery: Delivery;
  error: unknown;
  attempts: number;
  now: Date;
}): { letter: DeadLetter; message: Message } {
  const { consumer, ownerId, stream, delivery, error, attempts, now } = options;
  const eventId = delivery.headers['Nats-Msg-Id'] ?? `${stream}-${delivery.sequence}`;
  const letter: DeadLetter = {
    consumer,
    ownerId,
    eventId,
    reason: error instanceof Error ? `${codeOf(error)}${error.message}` : String(error),
    stack: error instanceof Error ? error.stack : undefined,
    attempts,
    diedAt: now.toISOString(),
    origin: { stream, sequence: delivery.sequence, subject: delivery.subject },
    payload: Buffer.from(delivery.payload).toString('base64'),
    headers: delivery.headers,
  };
  // Another death of the same delivery is the same letter; a redriven event that dies again is a new one.
  const id = `${consumer}:${stream}:${delivery.sequence}`;
  return { letter, message: { subject: deadLetterSubject(consumer, ownerId), id, payload: JSON.stringify(letter) } };
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
}
