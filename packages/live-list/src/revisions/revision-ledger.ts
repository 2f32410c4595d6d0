import { draftEvent, type OutboxEvent } from '@kith/event-delivery';
import type { DataOf, EventContract } from '@kith/event-delivery/envelope';

/** A change of one list that has no revision yet. */
export interface ListEventDraft<Contract extends EventContract = EventContract> {
  readonly contract: Contract;
  readonly ownerId: string;
  readonly data: DataOf<Contract>;
  readonly occurredAt: Date;
}

export interface Stamp {
  /** UUIDv7, of each event. */
  readonly newId: () => string;
  /** W3C trace context of the command. */
  readonly traceparent?: string | undefined;
}

/**
 * Unit of work: the revisions of the lists of one kind in one transaction. Gives each change of a list the next one, by
 * exactly 1, and keeps the events, to be appended in that transaction.
 */
export class RevisionLedger {
  readonly #revisions: Map<string, number>;
  readonly #stamp: Stamp;
  readonly #events: OutboxEvent[] = [];
  readonly #moved = new Set<string>();

  /** `loaded`: where these lists stand, in a transaction in which nobody else can change them. */
  constructor(loaded: Iterable<readonly [ownerId: string, revision: number]>, stamp: Stamp) {
    this.#revisions = new Map(loaded);
    this.#stamp = stamp;
  }

  /** @throws {RangeError} for a list that was not loaded: nobody can say which revision is its next */
  record<Contract extends EventContract>(draft: ListEventDraft<Contract>): OutboxEvent {
    const { contract, ownerId, data, occurredAt } = draft;
    const revision = this.revisionOf(ownerId) + 1;
    const { newId, traceparent } = this.#stamp;
    const event = draftEvent<unknown>(contract, { eventId: newId(), ownerId, revision, occurredAt, data, traceparent });
    this.#revisions.set(ownerId, revision);
    this.#moved.add(ownerId);
    this.#events.push(event);
    return event;
  }

  revisionOf(ownerId: string): number {
    const revision = this.#revisions.get(ownerId);
    if (revision === undefined) throw new RangeError(`The list of ${ownerId} is changed, and was not loaded.`);
    return revision;
  }

  /** In the order in which they were recorded. */
  get events(): readonly OutboxEvent[] {
    return this.#events;
  }

  /** Owners of the lists whose revision has risen. */
  get moved(): ReadonlySet<string> {
    return this.#moved;
  }
}
