/** What stands on every change and every page of a snapshot, whatever list it is. */
export interface SeenPlace {
  readonly __typename: string;
  readonly revision: number;
  readonly cursor: string;
  readonly occurredAt: string;
  /** Of a page of a snapshot. */
  readonly reason?: 'SUBSCRIBED' | 'CURSOR_EXPIRED' | 'CURSOR_INVALID';
  /** Only a page has it: whether it is the last. */
  readonly complete?: boolean;
}

export interface Snapshot {
  readonly reason: string;
  readonly revision: number;
  readonly pages: number;
}

/** `keepsChanges: false` for so many changes that they would fill the memory. */
export interface SeeingOptions {
  readonly keepsChanges?: boolean;
}

/** A live list of any kind: the subscription, whose first argument is `$after`, and how a subscriber keeps it. */
export interface ListToWatch<List extends ListAsSeen = ListAsSeen> {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  seen(after: string | null, options: SeeingOptions): List;
}

/**
 * A live list as one subscriber sees it, kept from snapshots and changes alone. It holds the service to its promise:
 * whatever is not the next revision, comes twice, or does not fit the list is written down in `problems`. What a list
 * holds is its kind's.
 */
export abstract class ListAsSeen<Change extends SeenPlace = SeenPlace> {
  /** Changes in the order they came; snapshots are not among them. Empty when they are only counted. */
  readonly changes: (Change & { readonly seenAt: number })[] = [];
  /** How many came, each the next revision or a problem. */
  changesSeen = 0;
  readonly snapshots: Snapshot[] = [];
  readonly problems: string[] = [];
  /** Where to resume: of the last change, or page of a snapshot. */
  cursor: string | null;
  revision: number | null = null;
  /** Without a snapshot the list itself is not known, only what happened to it. */
  #knowsWholeList = false;
  #pages: Change[] = [];
  #resumedMidSnapshot = false;
  readonly #startedWithCursor: boolean;
  readonly #keepsChanges: boolean;

  /** @param after the cursor the subscription starts with; null asks for a snapshot */
  constructor(after: string | null = null, { keepsChanges = true }: SeeingOptions = {}) {
    this.cursor = after;
    this.#keepsChanges = keepsChanges;
    this.#startedWithCursor = after !== null;
  }

  /** What it holds, in an order that does not depend on how it came to be so: to be compared. */
  abstract get contents(): object;
  /** All pages of a snapshot. */
  protected abstract replaceBy(pages: readonly Change[]): void;
  protected abstract apply(change: Change): void;

  /** The connection is gone: what there is of an unfinished snapshot is worth nothing. */
  connectionLost(): void {
    if (this.#pages.length > 0) this.#resumedMidSnapshot = true;
    this.#pages = [];
  }

  take(change: Change): void {
    if (change.complete !== undefined) this.#takePage(change);
    else this.#takeChange(change);
    this.cursor = change.cursor;
  }

  #takePage(page: Change): void {
    const [first] = this.#pages;
    if (!first) this.#checkNewSnapshot(page);
    else if (first.revision !== page.revision) {
      this.problem(`a snapshot's pages bear the revisions ${first.revision} and ${page.revision}`);
    }
    this.#pages.push(page);
    if (!page.complete) return;
    this.replaceBy(this.#pages);
    this.snapshots.push({ reason: page.reason ?? 'none', revision: page.revision, pages: this.#pages.length });
    this.#pages = [];
    this.#resumedMidSnapshot = false;
    this.#knowsWholeList = true;
    this.revision = page.revision;
  }

  #checkNewSnapshot({ reason, revision }: Change): void {
    const isFirst = this.revision === null && this.snapshots.length === 0 && !this.#startedWithCursor;
    if (reason === 'SUBSCRIBED' && !isFirst && !this.#resumedMidSnapshot) {
      this.problem(`a snapshot at revision ${revision} though a cursor was given, with the reason SUBSCRIBED`);
    }
    if (reason === undefined) this.problem(`a snapshot at revision ${revision} without a reason`);
    if (this.revision !== null && revision < this.revision && reason !== 'CURSOR_INVALID') {
      this.problem(`a snapshot goes back from revision ${this.revision} to ${revision}`);
    }
  }

  #takeChange(change: Change): void {
    const { revision } = change;
    if (this.#pages.length > 0) this.problem(`revision ${revision} in the middle of a snapshot`);
    if (this.revision !== null && revision <= this.revision) {
      this.problem(`revision ${revision} again: the last was ${this.revision}`);
      return;
    }
    if (this.revision !== null && revision !== this.revision + 1) {
      this.problem(`a hole: revision ${revision} follows ${this.revision}`);
    }
    this.revision = revision;
    this.changesSeen += 1;
    if (this.#keepsChanges) this.changes.push({ ...change, seenAt: Date.now() });
    if (this.#knowsWholeList) this.apply(change);
  }

  protected unique<Item>(entries: [string, Item][]): Map<string, Item> {
    const map = new Map(entries);
    if (map.size !== entries.length) this.problem('a snapshot holds something twice');
    return map;
  }

  protected problem(what: string): void {
    this.problems.push(what);
  }
}
