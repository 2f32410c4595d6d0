import type { Delivery } from '../../broker/broker.ts';
import type { Envelope } from '../../envelope/envelope.ts';
import type { StoredDeadLetter } from '../dead-letters/dead-letter.ts';

/** One try of an event. What wraps one and is one again is a middleware. `Ends`: what says that it is cut off. */
export type Handle<Event extends Envelope, Ends = AbortSignal> = (
  event: Event,
  ends: Ends,
  delivered: Delivered,
) => Promise<void>;

/** What an event came as: the bytes of its envelope, with the headers beside it. */
export type Delivered = Pick<Delivery, 'payload' | 'headers'>;

/** A delivery, or an event that is taken out of its dead letter. */
export type Incoming = Pick<Delivery, 'subject' | 'payload' | 'headers' | 'sequence' | 'storedAt'>;

/**
 * What has become of it. `stopped`: nothing, for the consumer ends, and it comes again; `later`: to be given back, with a
 * delay.
 */
export type Outcome = 'handled' | 'dead' | 'stopped' | 'later';

export type Receive = (incoming: Incoming) => Promise<Outcome>;

/** `replaces`: the dead letter that it is taken out of. */
export type Settle = (incoming: Incoming, replaces?: StoredDeadLetter) => Promise<Outcome>;

/** The last token of the subject: the key of order is known even when the payload cannot be read. */
export function ownerOf(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1);
}
