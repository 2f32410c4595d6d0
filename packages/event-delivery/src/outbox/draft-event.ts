import type { EventContract } from '../envelope/event-contract.ts';
import { freezeDeeply } from '../envelope/freeze-deeply.ts';

/** One row of the outbox before it is written. `(ownerId, revision)` is unique: the place of the event in its list. */
export interface OutboxEvent {
  readonly eventId: string;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  readonly subject: string;
  readonly occurredAt: Date;
  readonly data: unknown;
  readonly traceparent?: string | undefined;
  /** Whose newest version the data is checked against when it is appended. */
  readonly contract?: EventContract | undefined;
}

/**
 * An event of this contract, its data checked by the compiler against the newest version, and again when it is appended.
 * Nothing of it can be changed any more.
 */
export function draftEvent<Data>(
  contract: EventContract<string, Data>,
  event: {
    /** UUIDv7; also the JetStream message id, so one id never carries two payloads. */
    eventId: string;
    ownerId: string;
    revision: number;
    occurredAt: Date;
    data: Data;
    /** W3C trace context of the command, so that one trace follows the change to the socket. */
    traceparent?: string | undefined;
  },
): OutboxEvent {
  freezeDeeply(event.data);
  return Object.freeze({ ...event, type: contract.type, subject: contract.subject(event.ownerId), contract });
}
