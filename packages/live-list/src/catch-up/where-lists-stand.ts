import type { ListCursors } from '../cursors/list-cursor.ts';
import type { ListHistory } from './live-list.ts';
import { stillAtCursor } from './still-at-cursor.ts';

/** A question that asks for more than is answered at once, or whose parts are not of one length. */
export class BadStandsQuestion extends Error {
  readonly code = 'BAD_STANDS_QUESTION';
  readonly field: 'owners' | 'cursors' | 'viewers';
  constructor(field: BadStandsQuestion['field'], message: string) {
    super(message);
    this.name = 'BadStandsQuestion';
    this.field = field;
  }
}

export const MOST_LISTS_ASKED_FOR = 10_000;

export interface StandsQuestion {
  readonly owners: readonly string[];
  /** One for each owner, in the same order. */
  readonly cursors?: readonly (string | null)[] | null | undefined;
  /** Who watches each of them, in the same order. */
  readonly viewers?: readonly string[] | null | undefined;
}

/** What the `stands` query of a declared list answers; each field is looked up when it is asked for. */
export interface ListStands {
  readonly timeline: string;
  revisions(): Promise<number[]>;
  unchanged(): Promise<(number | null)[]>;
  mayWatch(): Promise<boolean[]>;
}

export interface StandsOptions {
  readonly cursors: ListCursors;
  readonly history: Pick<ListHistory<never, unknown>, 'timeline' | 'revisions'>;
  /** Of lists whose owner is named by an argument: whether each viewer may watch, in one question. */
  readonly mayWatch?: (pairs: readonly { ownerId: string; viewerId: string }[]) => Promise<readonly boolean[]>;
}

/**
 * The batched query by which the gateway finds what it was not told: where lists stand, which of them are still where
 * their readers are, and who may watch. The same owner may stand several times.
 *
 * @throws {BadStandsQuestion} for more than MOST_LISTS_ASKED_FOR owners, or other than one cursor or viewer each
 */
export function whereListsStand({ cursors, history, mayWatch }: StandsOptions, asked: StandsQuestion): ListStands {
  const { owners } = asked;
  if (owners.length > MOST_LISTS_ASKED_FOR) {
    throw new BadStandsQuestion('owners', `Ask for at most ${MOST_LISTS_ASKED_FOR} lists.`);
  }
  const oneEach = <Value>(field: 'cursors' | 'viewers', values: readonly Value[] | null | undefined) => {
    if (values?.length === owners.length) return values;
    throw new BadStandsQuestion(field, `Name one of ${field} for each of owners.`);
  };
  if (asked.cursors) oneEach('cursors', asked.cursors);
  if (asked.viewers) oneEach('viewers', asked.viewers);
  return {
    timeline: history.timeline,
    async revisions() {
      const revisions = await history.revisions([...new Set(owners)]);
      return owners.map((ownerId) => revisions.get(ownerId) ?? 0);
    },
    unchanged() {
      const each = oneEach('cursors', asked.cursors);
      return stillAtCursor(
        { cursors, history },
        owners.map((ownerId, at) => ({ ownerId, cursor: each[at] ?? '' })),
      );
    },
    async mayWatch() {
      const viewers = oneEach('viewers', asked.viewers);
      const pairs = owners.map((ownerId, at) => ({ ownerId, viewerId: viewers[at] ?? '' }));
      return [...((await mayWatch?.(pairs)) ?? pairs.map(({ ownerId, viewerId }) => ownerId === viewerId))];
    },
  };
}
