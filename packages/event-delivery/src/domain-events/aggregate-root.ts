import { freezeDeeply } from '../envelope/freeze-deeply.ts';
import type { AggregateEvent, AggregateSource } from './domain-event.ts';

/** What a repository and a unit of work need of an aggregate. */
export interface RecordsEvents<Event extends AggregateEvent> {
  /** What was recorded since it was loaded, oldest first; looking takes nothing. */
  readonly events: readonly Event[];
  /** The same, once: a second call brings nothing. */
  takeEvents(): readonly Event[];
}

type KindOf<Event extends AggregateEvent> = Event['source']['kind'];

/**
 * Aggregate root, as a part that an aggregate holds and not a class that it extends: its identity, its version, and the
 * events that it has recorded since it was loaded.
 *
 * A repository maps `events` to contracts inside its transaction, and calls `takeEvents` once the transaction has
 * committed. A rollback leaves the events where they are; the aggregate's state is ahead of the database then, so it is
 * discarded with them and loaded anew.
 */
export class AggregateRoot<Event extends AggregateEvent> implements RecordsEvents<Event> {
  readonly kind: KindOf<Event>;
  readonly id: string;
  #source: AggregateSource<KindOf<Event>>;
  #recorded: (Event | (() => Event))[] = [];
  /** How many from the start are events: what is behind may still have to be made. */
  #made = 0;

  /** `version`: as it was loaded; left out where the aggregate has none of its own. */
  constructor(identity: { readonly kind: KindOf<Event>; readonly id: string; readonly version?: number }) {
    this.kind = identity.kind;
    this.id = identity.id;
    this.#source = Object.freeze({ ...identity });
  }

  get version(): number | undefined {
    return this.#source.version;
  }

  /** Raises the version by 1, for the event that is recorded next, and hands it back. */
  raiseVersion(): number {
    const { version } = this.#source;
    if (version === undefined) throw new TypeError(`A ${this.kind} has no version of its own that could rise.`);
    this.#source = Object.freeze({ ...this.#source, version: version + 1 });
    return version + 1;
  }

  /** What each of its events begins with. Time and id come in from outside: no rule reads a clock. */
  stamp({ now, newId }: { readonly now: Date; readonly newId: () => string }) {
    return { id: newId(), occurredAt: now, source: this.#source };
  }

  /**
   * From now on nothing of the event can be changed. A function is called when the events are first looked at or taken,
   * once: for an event that tells what is known only by then.
   */
  record(event: Event | (() => Event)): void {
    this.#recorded.push(typeof event === 'function' ? event : freezeDeeply(event));
  }

  get events(): readonly Event[] {
    // One that is made may record others behind it. One whose making throws stays to be made.
    for (let next = this.#recorded[this.#made]; next; next = this.#recorded[this.#made]) {
      if (typeof next === 'function') this.#recorded[this.#made] = freezeDeeply(next());
      this.#made += 1;
    }
    return this.#recorded as readonly Event[];
  }

  takeEvents(): readonly Event[] {
    const taken = this.events;
    this.#recorded = [];
    this.#made = 0;
    return taken;
  }
}
