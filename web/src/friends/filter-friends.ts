import type { Friend } from '@kith/client';

export interface Wanted {
  readonly text: string;
  /** Only friends with this tag; null for all. */
  readonly tag: string | null;
  readonly order: 'NAME' | 'NEWEST';
}

const folded = new WeakMap<Friend, string>();

/** Letters as one types them in a hurry: no capitals, no accents. */
export function fold(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
}

function foldedNamesOf(friend: Friend): string {
  let names = folded.get(friend);
  if (names === undefined) {
    names = fold(`${friend.displayName}\n${friend.user.nickname}\n${friend.tags.join('\n')}`);
    folded.set(friend, names);
  }
  return names;
}

/** The friends to show, in order. `friends` come by name, pinned first; NEWEST leaves pinned ones where they fall. */
export function filterFriends(friends: readonly Friend[], { text, tag, order }: Wanted): readonly Friend[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  const found =
    words.length === 0 && tag === null
      ? friends
      : friends.filter(
          (friend) =>
            (tag === null || friend.tags.includes(tag)) && words.every((word) => foldedNamesOf(friend).includes(word)),
        );
  // RFC 3339 in UTC sorts as text.
  if (order === 'NEWEST') return found.toSorted((a, b) => (a.since < b.since ? 1 : a.since > b.since ? -1 : 0));
  return found;
}

/** Every tag in the list with the number of friends who have it, most used first. */
export function tagsOf(friends: readonly Friend[]): readonly { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { tags } of friends) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts]
    .map(([tag, count]) => ({ tag, count }))
    .sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}
