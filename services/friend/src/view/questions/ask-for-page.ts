import type { FriendData } from '@kith/event-contracts';
import { foldText, saysNothing } from '@kith/written-text';
import { readPlacedEntries, searchText, tagText } from '../entries/list-entry.ts';
import type { Placed } from '../entries/list-in-hand.ts';
import { readCursor } from '../entries/page-cursor.ts';
import { inByteOrder, type ListOrder } from '../entries/sort-keys.ts';
import type { Question } from './question.ts';

export interface PageRequest {
  /** NAME: pinned friends first, then by display name. NEWEST: the latest friendship first. */
  readonly order: ListOrder;
  /** At most so many friends, 1 to 1,000. */
  readonly limit: number;
  /** The friends that follow this one (its cursor on an earlier page in the same order). */
  readonly after?: string | undefined;
  /** Only friends whose nickname or remark contains this, folded; white space asks for all, and what shows nothing for none. */
  readonly text?: string | undefined;
  /** Only friends with exactly this tag, composed or not. */
  readonly tag?: string | undefined;
}

export interface FriendPage {
  readonly revision: number;
  /** Of all friends that match `text` and `tag`, on every page. */
  readonly totalCount: number;
  readonly friends: readonly FriendData[];
  readonly order: ListOrder;
  /** For each friend, its place in that order, of which `writeCursor` makes a cursor where one is asked for. */
  readonly members: readonly string[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

const MOST_PER_PAGE = 1_000;

/** Folded names hold no control character: nobody has it. */
const NOWHERE = '\u0001';

/** Throws BadPageCursor, and RangeError for a limit that is none. */
export function askForPage(request: PageRequest): Question<FriendPage> {
  const { order, limit, after } = request;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PER_PAGE) throw new RangeError(`No page of ${limit}`);
  const start = after === undefined ? '' : readCursor(order, after);
  const text = saysNothing(request.text ?? '') ? '' : foldText(request.text ?? '') || NOWHERE;
  const tag = request.tag === undefined ? '' : tagText([request.tag]);
  const filtered = text !== '' || tag !== '';
  const args = [order, start, limit, ...(filtered ? [text, tag] : [])];

  return {
    text: JSON.stringify(['page', ...args]),
    script: filtered ? 'filtered-page' : 'page',
    args,

    read(revision, reply) {
      const [totalCount, behind, lines, entries] = reply as [number, number, string, string[]];
      const members = lines === '' ? [] : lines.split('\n');
      const friends = readPlacedEntries(order, members, entries);
      const more = friends.length > limit;
      if (more) {
        friends.pop();
        members.pop();
      }
      return {
        ...{ revision, order, totalCount, friends, members },
        hasNextPage: more,
        hasPreviousPage: behind > 0,
      };
    },

    answer(list) {
      const matching = filtered ? list.in(order).filter((placed) => matches(placed.friend, text, tag)) : list.in(order);
      const first = start === '' ? 0 : placeAfter(matching, start);
      const page = matching.slice(first, first + limit);
      return {
        ...{ revision: list.state.revision, order, totalCount: matching.length },
        friends: page.map((placed) => placed.friend),
        members: page.map((placed) => placed.member),
        hasNextPage: first + limit < matching.length,
        hasPreviousPage: first > 0,
      };
    },
  };
}

function matches(friend: FriendData, text: string, tag: string): boolean {
  return searchText(friend).includes(text) && tagText(friend.tags).includes(tag);
}

/** How many stand up to a member, whether or not it is (still) among them. */
function placeAfter(sorted: readonly Placed[], member: string): number {
  const wanted = inByteOrder(member);
  const place = sorted.findIndex((placed) => placed.inByteOrder > wanted);
  return place < 0 ? sorted.length : place;
}
