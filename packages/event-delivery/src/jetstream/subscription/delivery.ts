import type { JsMsg } from '@nats-io/jetstream';
import type { Delivery } from '../../broker/broker.ts';

/** A delivery of JetStream's: a view of its message, which is made for every event and so makes little itself. */
export class JetStreamDelivery implements Delivery {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  readonly sequence: number;
  readonly deliveryCount: number;
  readonly #message: JsMsg;
  readonly #acknowledge: (message: JsMsg) => void;
  readonly #onSettled: ((sequence: number) => void) | undefined;

  /** `onSettled`: this instance has answered it, or leaves it. */
  constructor(
    message: JsMsg,
    subject: string,
    acknowledge: (message: JsMsg) => void,
    onSettled?: (sequence: number) => void,
  ) {
    this.#message = message;
    this.#acknowledge = acknowledge;
    this.#onSettled = onSettled;
    this.subject = subject;
    this.payload = message.data;
    this.headers = readHeaders(message.headers);
    this.sequence = message.seq;
    this.deliveryCount = message.info.deliveryCount;
  }

  /** Read from the reply subject, and asked for by few. */
  get storedAt(): Date {
    return this.#message.time;
  }

  ack(): void {
    this.#acknowledge(this.#message);
    this.#onSettled?.(this.sequence);
  }

  retryLater(delayMs: number): void {
    this.#message.nak(delayMs);
    this.#onSettled?.(this.sequence);
  }

  working(): void {
    this.#message.working();
  }

  leave(): void {
    this.#onSettled?.(this.sequence);
  }
}

/** Of a header that comes more than once, the first. */
export function readHeaders(headers: Iterable<[string, string[]]> | undefined): Record<string, string> {
  const read: Record<string, string> = {};
  if (headers) for (const [name, values] of headers) read[name] = values[0] ?? '';
  return read;
}
