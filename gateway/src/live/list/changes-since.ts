import type { ListChange } from './list-change.ts';

/** What happened to a list since a cursor, as the store answers it. */
export interface ListDelta<Change> {
  /**
   * In order of revision. A snapshot comes whole, all its pages, the last of them `complete`; or in parts, all but the
   * last of which end with a page that is not, and have more.
   */
  readonly changes: readonly Change[];
  /** The list's place after `changes`; where a snapshot has another part, what to ask for it with. */
  readonly cursor: string;
  readonly revision: number;
  readonly hasMore: boolean;
  /** What the answer took on the wire. */
  readonly bytes?: number;
}

export interface Position {
  readonly cursor: string | null;
  /** Null until the store has answered for the first time. */
  readonly revision: number | null;
}

/** A snapshot of which not every part is there yet. */
export interface Unfinished {
  /** What to ask for the next part with. */
  readonly cursor: string;
  readonly revision: number;
}

export interface NewChanges<Change> {
  readonly changes: Change[];
  /** The reader's place after them. */
  readonly end: { readonly cursor: string; readonly revision: number };
  readonly hasMore: boolean;
  readonly hasSnapshot: boolean;
  readonly unfinished: Unfinished | undefined;
}

/**
 * The part of a delta that is new to a reader at `from`; throws when it would leave a hole. `unfinished` is the snapshot
 * that it is to go on with.
 */
export function newChangesOf<Change extends ListChange>(
  answer: ListDelta<Change>,
  from: Position,
  unfinished?: Unfinished,
): NewChanges<Change> {
  const changes: Change[] = [];
  let revision = unfinished ? unfinished.revision : from.revision;
  let inSnapshot = unfinished !== undefined;
  let hasSnapshot = false;
  for (const change of answer.changes) {
    if (change.complete !== undefined) {
      if (inSnapshot && change.revision !== revision) throw new Error('A snapshot came with two revisions.');
      inSnapshot = !change.complete;
      hasSnapshot = true;
    } else {
      if (inSnapshot) break;
      if (revision !== null && change.revision <= revision) continue;
      if (revision !== null && change.revision !== revision + 1) throw new Error('The store answered with a hole.');
    }
    revision = change.revision;
    changes.push(change);
  }
  if (inSnapshot && !answer.hasMore) throw new Error('A snapshot came without its last page.');
  if (answer.hasMore && changes.length === 0) throw new Error('The store said that there is more and sent nothing.');
  const end = changes.at(-1) ?? { cursor: answer.cursor, revision: Math.max(answer.revision, from.revision ?? 0) };
  return {
    ...{ changes, end: { cursor: end.cursor, revision: end.revision }, hasMore: answer.hasMore, hasSnapshot },
    unfinished: inSnapshot ? { cursor: answer.cursor, revision: end.revision } : undefined,
  };
}
