import { KithError, type Reads } from '@kith/service-kit';
import { foldText } from '@kith/written-text';
import { readUsers } from '../profiles/read-users.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { findByAllWords, findByUsername, findByWord, type Match, type Prefix } from './find-matches.ts';
import { readSearchCursor, type SearchPosition, writeSearchCursor } from './search-cursor.ts';
import { wordsOf } from './words-of.ts';

const MAX_TEXT = 64;
/** Further words of a text are ignored. */
const MAX_WORDS = 4;

export interface FoundPage {
  readonly edges: readonly { readonly cursor: string; readonly node: UserRow }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/**
 * Users with a word that begins with a word of `text`, best match first: the user with that username; users who match
 * every word (among the first 500 matches of the rarest word); users who match the first word, the second … Within each
 * phase they are ordered by the matching word, so that whole words come before longer ones. Keyset pagination: the cost
 * of a page depends neither on the number of matches nor on its position.
 *
 * Users hidden from the viewer are left out: the next ones fill the page, and cursors name only visible users.
 * `hiddenAmong` is called once per page, and again only to replace hidden users.
 *
 * KithError BAD_USER_INPUT with field `text` (1 to 64 characters) or `after`.
 */
export async function searchUsers(
  reads: Reads,
  { text, first, after }: { text: string; first: number; after: string | null },
  hiddenAmong: HiddenAmong = nobodyIsHidden,
): Promise<FoundPage> {
  const phases = phasesOf(reads, checkedText(text));
  const start = after === null ? null : readSearchCursor(after);

  const found = await findVisible(phases, start, first + 1, hiddenAmong);
  const page = found.slice(0, first);
  const users = await readUsers(
    reads,
    page.map(({ userId }) => userId),
  );
  const byId = new Map(users.map((user) => [user.id, user]));
  return {
    edges: page.flatMap((position) => {
      const node = byId.get(position.userId);
      return node ? [{ cursor: writeSearchCursor(position), node }] : [];
    }),
    hasNextPage: found.length > first,
    hasPreviousPage: start !== null,
  };
}

/** Those of these users who must not be shown. */
type HiddenAmong = (userIds: string[]) => Promise<ReadonlySet<string>>;
const nobodyIsHidden: HiddenAmong = async () => new Set();

/** Once some were hidden there may be many more: then the next are checked a hundred at a time. */
const LOOKED_THROUGH_AT_ONCE = 100;

/** The next visible users after a position: at least `wanted`, if that many exist. */
async function findVisible(
  phases: readonly Phase[],
  start: SearchPosition | null,
  wanted: number,
  hiddenAmong: HiddenAmong,
): Promise<SearchPosition[]> {
  const visible: SearchPosition[] = [];
  let position = start;
  for (let limit = wanted; ; limit = Math.max(LOOKED_THROUGH_AT_ONCE, wanted - visible.length)) {
    const found = await findNext(phases, position, limit);
    const hidden = await hiddenAmong(idsOf(found));
    visible.push(...found.filter(({ userId }) => !hidden.has(userId)));
    if (visible.length >= wanted || found.length < limit) return visible;
    position = found.at(-1) ?? position;
  }
}

/** The next `limit` users after a position, or all that remain. */
async function findNext(
  phases: readonly Phase[],
  start: SearchPosition | null,
  limit: number,
): Promise<SearchPosition[]> {
  const found: SearchPosition[] = [];
  for (const [phase, read] of phases.entries()) {
    if (phase < (start?.phase ?? 0)) continue;
    if (found.length >= limit) break;
    const from = start?.phase === phase ? start : null;
    const matches = await read(from, limit - found.length);
    found.push(...matches.map((match) => ({ ...match, phase })));
  }
  return found;
}

/** Reads up to `limit` matches that come after a position (null: from the start) of one phase of the search. */
type Phase = (after: Match | null, limit: number) => Promise<Match[]>;

/** The phases in order. Each leaves out the users that an earlier one returns. */
function phasesOf(reads: Reads, text: string): Phase[] {
  const words = wordsOf(text).slice(0, MAX_WORDS);
  // A word that is a prefix of another adds nothing: "an ann" is "ann".
  const prefixes = words
    .filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
    .map(rangeOf);

  const exact = once(() => findByUsername(reads, foldText(text)));
  const whole = once(async () => (prefixes.length < 2 ? [] : findByAllWords(reads, prefixes)));

  const byUsername: Phase = async (after) => (after ? [] : exact());
  const byAllWords: Phase = async (after, limit) => {
    const earlier = idsOf(await exact());
    const later = (await whole()).filter((match) => !earlier.includes(match.userId) && isAfter(match, after));
    return later.slice(0, limit);
  };
  const byWord = prefixes.map(
    (prefix, index): Phase =>
      async (after, limit) =>
        findByWord(reads, {
          prefix,
          after,
          limit,
          withoutUsers: idsOf([...(await exact()), ...(await whole())]),
          withoutWords: prefixes.slice(0, index),
        }),
  );
  return [byUsername, byAllWords, ...byWord];
}

/** The words with a prefix form one byte range: no UTF-8 text is above U+10FFFF. */
function rangeOf(word: string): Prefix {
  return { from: word, to: `${word}\u{10ffff}` };
}

function isAfter(match: Match, after: Match | null): boolean {
  if (after === null) return true;
  const byWord = Buffer.compare(Buffer.from(match.word), Buffer.from(after.word));
  if (byWord !== 0) return byWord > 0;
  return match.kind === after.kind ? match.userId > after.userId : match.kind > after.kind;
}

function idsOf(matches: readonly Match[]): string[] {
  return matches.map(({ userId }) => userId);
}

function once<Value>(read: () => Promise<Value>): () => Promise<Value> {
  let value: Promise<Value> | undefined;
  return () => {
    value ??= read();
    return value;
  };
}

function checkedText(text: string): string {
  const trimmed = text.trim();
  const length = trimmed.length > MAX_TEXT * 2 ? trimmed.length : [...trimmed].length;
  if (length >= 1 && length <= MAX_TEXT) return trimmed;
  throw new KithError('BAD_USER_INPUT', `text must have 1 to ${MAX_TEXT} characters.`, {
    field: 'text',
    limit: length < 1 ? 1 : MAX_TEXT,
  });
}
