import { type FriendData, isFriendData } from '@kith/event-contracts';
import { foldText } from '@kith/written-text';
import { type ListOrder, memberOf, nameKey, newestKey } from './sort-keys.ts';

/**
 * What the view keeps about one friend, as one text of five lines: the sort key of each order, the text to search, the
 * tags, the friend as JSON. The keys are kept so that removing or moving a friend needs no second read, and finds the
 * old place even if a newer release folds names differently. Folded text and JSON hold no line break.
 */
export function writeEntry(friend: FriendData): string {
  return [
    nameKey(friend),
    newestKey(friend),
    searchText(friend),
    tagText(friend.tags),
    JSON.stringify(friend satisfies FriendData),
  ].join('\n');
}

/** Where the friend of an entry stands in an order. */
export function memberOfEntry(entry: string, order: ListOrder, userId: string): string {
  const endOfName = entry.indexOf('\n');
  const sortKey =
    order === 'NAME' ? entry.slice(0, endOfName) : entry.slice(endOfName + 1, entry.indexOf('\n', endOfName + 1));
  return memberOf(sortKey, userId);
}

/** Throws where one is no entry: what stands in Redis may be anything. */
export function readEntries(entries: readonly string[]): FriendData[] {
  return entries.map(readEntry);
}

/** The friends of a page, each from the entry of the member in its place. Throws where it is the entry of another. */
export function readPlacedEntries(
  order: ListOrder,
  members: readonly string[],
  entries: readonly string[],
): FriendData[] {
  const friends = entries.map(readEntry);
  const inPlace = (friend: FriendData, place: number) =>
    memberOfEntry(entries[place] ?? '', order, friend.userId) === members[place];
  if (members.length !== entries.length || !friends.every(inPlace)) {
    throw new TypeError('An order is not of the entries.');
  }
  return friends;
}

function readEntry(entry: string): FriendData {
  const friend: unknown = JSON.parse(entry.slice(entry.lastIndexOf('\n') + 1));
  if (!isFriendData(friend)) throw new TypeError('An entry is no friend.');
  return friend;
}

/** What a search for `text` looks into. The tab keeps a search from matching across the two names. */
export function searchText(friend: FriendData): string {
  return `${foldText(friend.nickname)}\t${friend.remark === null ? '' : foldText(friend.remark)}`;
}

/**
 * All tags, each between a beginning and an end that no tag can hold: `tagText([tag])` occurs in it exactly when the
 * friend has the tag. Composed (NFC), so that the tag is found however it was typed, then or now.
 */
export function tagText(tags: readonly string[]): string {
  return tags
    .map(
      (tag) =>
        `\t${tag
          .toWellFormed()
          .normalize('NFC')
          .replace(/\p{Cc}/gu, '')}\u0001`,
    )
    .join('');
}
