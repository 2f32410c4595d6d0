import type { Envelope } from '@kith/event-delivery/envelope';
import type { ListCursors } from '../cursors/list-cursor.ts';

/** A fact that does not hold: a bug, or data that was changed behind our back. It stops what was asked, and nothing else. */
export class ListBroken extends Error {
  readonly code = 'LIST_BROKEN';
  /** The fact as a sentence, with its number. */
  readonly holds: string;
  /** What was found instead. */
  readonly seen: Readonly<Record<string, unknown>>;

  constructor(holds: string, seen: Readonly<Record<string, unknown>>) {
    super(`It does not hold that ${holds}: ${JSON.stringify(seen)}`);
    this.name = 'ListBroken';
    this.holds = holds;
    this.seen = seen;
  }
}

/** Told of what does not hold, to count it or to throw an error of its own; ListBroken is thrown when it returns. */
export type OnBroken = (broken: ListBroken) => void;

/** Assertion (design by contract): throws unless the condition is true. `seen` is called only then. */
export function assertHolds(
  condition: boolean,
  holds: string,
  seen: () => Readonly<Record<string, unknown>>,
  onBroken?: OnBroken,
): void {
  if (condition) return;
  const broken = new ListBroken(holds, seen());
  onBroken?.(broken);
  throw broken;
}

/** Where a change stands, as each change of a live list says it in the schema. */
export interface ChangePlace {
  readonly cursor: string;
  readonly revision: number;
  /** RFC 3339, UTC. */
  readonly occurredAt: string;
}

export type SnapshotReason = 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';

/** One page of a whole list: what the service puts on it, and where all pages of the snapshot stand. */
export type SnapshotPage<Content> = Content &
  ChangePlace & {
    readonly reason: SnapshotReason;
    /** false on every page but the last; all pages have the same revision. */
    readonly complete: boolean;
  };

/** A whole list at one revision, cut in pages: at least one, and an empty list has an empty one. */
export interface WholeList<Content> {
  readonly revision: number;
  readonly pages: readonly Content[];
}

/** A part of a whole list that does not fit into one answer. */
export interface SnapshotPart<Content> extends WholeList<Content> {
  /** What to ask for the next part with; null when this is the last. */
  readonly next: string | null;
}

/** The rest of a snapshot is not kept any more: ask for another. */
export class SnapshotExpired extends Error {
  readonly code = 'SNAPSHOT_EXPIRED';
  constructor() {
    super('The rest of this snapshot is not kept any more: ask for the list again, without a cursor.');
    this.name = 'SnapshotExpired';
  }
}

/** Where the lists of one kind stand and what happened to them: over Postgres alone, or with a read model before it. */
export interface ListHistory<Event extends Envelope, Content> {
  readonly timeline: string;
  /** Where the list stands, at least as new as the last change that was answered to anybody; 0 for nobody's. */
  revision(ownerId: string): Promise<number>;
  /** The same of many at once; nobody's list is missing. */
  revisions(ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** In order, from the one after `afterRevision`; what is no longer kept is missing at the front. */
  events(ownerId: string, afterRevision: number, limit: number): Promise<readonly Event[]>;
  /** In one answer, or the first part of it. */
  whole(ownerId: string): Promise<WholeList<Content> & Partial<SnapshotPart<Content>>>;
  /**
   * The part that `next` of the one before names; undefined for what names none. Left out where lists come whole.
   *
   * @throws {SnapshotExpired} when it is not kept any more
   */
  part?(ownerId: string, name: string): Promise<SnapshotPart<Content> | undefined>;
}

/** One kind of live list, as its service declares it. */
export interface LiveList<Event extends Envelope, Change, Content> {
  readonly cursors: ListCursors;
  readonly history: ListHistory<Event, Content>;
  /** The change as the schema names it: what is announced, and what the catch-up query answers. */
  changeOf(event: Event, place: ChangePlace): Change;
  readonly onBroken?: OnBroken | undefined;
}

export function placeOf(
  { cursors, history }: Pick<LiveList<never, unknown, unknown>, 'cursors'> & { history: { readonly timeline: string } },
  { ownerId, revision, occurredAt }: Pick<Envelope, 'ownerId' | 'revision' | 'occurredAt'>,
): ChangePlace {
  const cursor = cursors.write({ timeline: history.timeline, ownerId, revision, complete: true });
  return { cursor, revision, occurredAt: occurredAt.toISOString() };
}

/** Cuts entries into pages of so many; of none it makes one empty page. */
export function inPages<Entry>(entries: readonly Entry[], entriesPerPage: number): Entry[][] {
  const count = Math.max(1, Math.ceil(entries.length / entriesPerPage));
  return Array.from({ length: count }, (_, page) => entries.slice(page * entriesPerPage, (page + 1) * entriesPerPage));
}
