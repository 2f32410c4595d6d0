import type { EventContract } from '../envelope/event-contract.ts';
import { freezeDeeply } from '../envelope/freeze-deeply.ts';

/** One row of the outbox before it is written. Kind, owner and revision are unique: its place among its owner's events. */
export interface OutboxEvent {
  readonly eventId: string;
  /** Unless told, of the type's name: `shop.order` of `shop.order.placed.v1`. */
  readonly ownerKind?: string | undefined;
  readonly ownerId: string;
  readonly revision: number;
  readonly type: string;
  readonly subject: string;
  readonly occurredAt: Date;
  readonly data: unknown;
  readonly traceparent?: string | undefined;
  /** The contract with whose newest version the data is compared when it is appended. */
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
  const { type, ownerKind } = contract;
  return Object.freeze({ ...event, type, ownerKind, subject: contract.subject(event.ownerId), contract });
}
