import { appendToOutbox, type SqlConnection } from '@kith/event-delivery';
import type { EventContract } from '@kith/event-delivery/envelope';
import { RevisionLedger, type Stamp } from '@kith/live-list';
import { present } from '@kith/service-kit';
import { type ListEventDraft, listEventsOf } from '../domain/list-events.ts';
import type { Relationship } from '../domain/relationship.ts';
import type { RelationshipEvent } from '../domain/relationship-events.ts';
import type { RelationshipState, Side } from '../domain/relationship-state.ts';
import type { ListFigures } from '../rows/friend-list-row.ts';
import type { LoadedPair } from './load-pair.ts';
import { savePair } from './save-pair.ts';
import { type RowChanges, rowChangesOf, saveRelationships } from './save-relationships.ts';
import { assertLists } from './what-always-holds.ts';

/** What a transaction did to lists. */
export interface MovedLists {
  /** The revision of each list concerned, by owner. */
  readonly revisions: ReadonlyMap<string, number>;
  /** What aggregates recorded, once: to be called when the transaction has committed. */
  takeEvents(): readonly RelationshipEvent[];
}

/** Lists that moved without an aggregate, as those that show a new nickname do. */
export function movedTo(revisions: ReadonlyMap<string, number>): MovedLists {
  return { revisions, takeEvents: () => [] };
}

/**
 * Unit of work: the lists of one transaction. Gives each change of a list the next revision, keeps the counts while
 * several pairs of a batch touch one list, and saves rows, revisions and events together.
 */
export class ListLedger implements MovedLists {
  readonly #loaded: ReadonlyMap<string, ListFigures>;
  readonly #lists: Map<string, ListFigures>;
  readonly #counted: RevisionLedger;
  readonly #entered: Relationship[] = [];
  /** Owners of the lists whose rows are to be written. */
  readonly #touched = new Set<string>();

  constructor(lists: ReadonlyMap<string, ListFigures>, stamp: Stamp) {
    this.#loaded = lists;
    this.#lists = new Map(lists);
    const revisions = [...lists].map(([ownerId, { revision }]) => [ownerId, revision] as const);
    this.#counted = new RevisionLedger(revisions, { newId: stamp.newId, traceparent: stamp.traceparent });
  }

  /** Whether anything was recorded. */
  get hasEvents(): boolean {
    return this.#entered.length > 0;
  }

  takeEvents(): readonly RelationshipEvent[] {
    return this.#entered.flatMap((relationship) => relationship.takeEvents());
  }

  revisionOf(ownerId: string): number {
    return this.#listOf(ownerId).revision;
  }

  /** Owners of the lists whose revision has risen. */
  get moved(): ReadonlySet<string> {
    return this.#counted.moved;
  }

  /** The figures of every list, moved or not. */
  get revisions(): ReadonlyMap<string, number> {
    return new Map([...this.#lists].map(([ownerId, { revision }]) => [ownerId, revision]));
  }

  /** The state as it is after the pairs that were entered before it. */
  upToDate(state: RelationshipState): RelationshipState {
    return { ...state, viewer: this.#asCounted(state.viewer), other: this.#asCounted(state.other) };
  }

  enter(relationship: Relationship): void {
    if (relationship.events.length === 0) return;
    this.#entered.push(relationship);
    const sides = [relationship.state.viewer, relationship.state.other];
    const people = new Map(sides.map(({ person }) => [person.userId, person]));
    for (const { person, friendCount, requestCount } of sides) {
      this.#lists.set(person.userId, { ...this.#listOf(person.userId), friendCount, requestCount });
    }
    for (const event of relationship.events) {
      this.#countHidden(event);
      for (const draft of listEventsOf(event, people)) this.#count(draft, event.occurredAt);
    }
  }

  /** Of lists that are locked. */
  async save(sql: SqlConnection): Promise<void> {
    if (!this.hasEvents) return;
    const touched = new Map([...this.#touched].map((ownerId) => [ownerId, this.#listOf(ownerId)]));
    assertLists(this.#loaded, this.#lists, this.#counted.events);
    await saveRelationships(sql, this.#rowChanges(), touched);
    await appendToOutbox(sql, this.#counted.events);
  }

  /** Of two lists that are not locked. Throws PairHasChanged when they are not as they were loaded any more. */
  async savePair(sql: SqlConnection, loaded: LoadedPair, options: { wakesRelays: boolean }): Promise<void> {
    if (!this.hasEvents) return;
    assertLists(this.#loaded, this.#lists, this.#counted.events);
    await savePair(sql, loaded, {
      lists: this.#lists,
      changes: this.#rowChanges(),
      events: this.#counted.events,
      ...options,
    });
  }

  #rowChanges(): RowChanges {
    return rowChangesOf(this.#entered.flatMap(({ events }) => events));
  }

  #listOf(ownerId: string): ListFigures {
    return present(this.#lists.get(ownerId), 'a command changes the lists that it has loaded');
  }

  #countHidden(event: RelationshipEvent): void {
    if (event.name !== 'relationship.blocked' && event.name !== 'relationship.unblocked') return;
    const list = this.#listOf(event.byId);
    this.#lists.set(event.byId, { ...list, hiddenChanges: list.hiddenChanges + 1 });
    this.#touched.add(event.byId);
  }

  #count(draft: ListEventDraft, occurredAt: Date): void {
    const { ownerId } = draft;
    // ListEventDraft pairs each contract with its own data, which the union hides from the type of `record`.
    const { revision } = this.#counted.record<EventContract>({ ...draft, occurredAt });
    this.#lists.set(ownerId, { ...this.#listOf(ownerId), revision });
    this.#touched.add(ownerId);
  }

  #asCounted(side: Side): Side {
    const { friendCount, requestCount } = this.#listOf(side.person.userId);
    return { ...side, friendCount, requestCount };
  }
}
