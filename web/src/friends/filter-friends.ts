import type { Friend } from '@kith/client';
import { compareInNewestOrder, foldText, saysNothing } from '@kith/written-text';

export interface Wanted {
  readonly text: string;
  /** Only friends with this tag; null for all. */
  readonly tag: string | null;
  readonly order: 'NAME' | 'NEWEST';
}

const folded = new WeakMap<Friend, string>();

function foldedNamesOf(friend: Friend): string {
  let names = folded.get(friend);
  if (names === undefined) {
    names = foldText(`${friend.displayName}\n${friend.user.nickname}\n${friend.tags.join('\n')}`);
    folded.set(friend, names);
  }
  return names;
}

/** The friends to show, in order, folded and ordered as the API does. `friends` come by name, pinned first. */
export function filterFriends(friends: readonly Friend[], { text, tag, order }: Wanted): readonly Friend[] {
  const words = foldText(text).split(' ').filter(Boolean);
  const found =
    saysNothing(text) && tag === null
      ? friends
      : friends.filter((friend) => (tag === null || bears(friend, tag)) && isFound(friend, text, words));
  return order === 'NEWEST' ? found.toSorted(compareInNewestOrder) : found;
}

function isFound(friend: Friend, text: string, words: readonly string[]): boolean {
  // What shows nothing has no words, and finds nobody.
  if (words.length === 0) return saysNothing(text);
  return words.every((word) => foldedNamesOf(friend).includes(word));
}

function bears(friend: Friend, tag: string): boolean {
  return friend.tags.some((each) => each.normalize('NFC') === tag);
}

/** Every tag in the list with the number of friends who have it, most used first. */
export function tagsOf(friends: readonly Friend[]): readonly { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { tags } of friends)
    for (const tag of new Set(tags.map((each) => each.normalize('NFC')))) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}
