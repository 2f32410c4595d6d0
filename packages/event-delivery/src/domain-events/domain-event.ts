import { freezeDeeply } from '../envelope/freeze-deeply.ts';

/**
 * A fact inside one service, as an aggregate records it: rich, and free to change with the code. What other services
 * may rely on is an EventContract instead; one function per aggregate maps the former to the latter.
 */
export interface DomainEvent<Name extends string = string> {
  readonly name: Name;
  readonly id: string;
  readonly occurredAt: Date;
}

/**
 * What an aggregate has recorded since it was loaded. The events stay here until the transaction has committed;
 * whoever committed takes them, once, and dispatches them on the EventBus.
 */
export class RecordedEvents<Event extends DomainEvent> {
  #events: Event[] = [];

  record(event: Event): void {
    this.#events.push(freezeDeeply(event));
  }

  /** For the mapping to contracts, inside the transaction: looks, takes nothing. */
  peek(): readonly Event[] {
    return this.#events;
  }

  /** After the commit: a second call brings nothing. */
  take(): readonly Event[] {
    const taken = this.#events;
    this.#events = [];
    return taken;
  }
}
