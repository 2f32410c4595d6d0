import { present, type Reads } from '@kith/service-kit';

/** All words from `from` (inclusive) to `to` (exclusive), in byte order. */
export interface Prefix {
  readonly from: string;
  readonly to: string;
}

/** A user and the word that matched. The three together are a position in the index. */
export interface Match {
  readonly word: string;
  readonly kind: number;
  readonly userId: string;
}

/** How many matches of the rarest word are searched for users who match every word of a text. */
const LOOKED_THROUGH = 500;

const BY_USERNAME = `SELECT '' AS word, 0 AS kind, id AS "userId" FROM users WHERE username = $1`;

// A user may have several words in the range; the lowest counts, so that no user appears twice.
const BY_WORD = `
  SELECT found.word, found.kind, found.user_id AS "userId" FROM user_word AS found
  WHERE found.word >= $1 AND found.word < $2 AND (found.word, found.kind, found.user_id) > ($3, $4, $5)
    AND NOT EXISTS (
      SELECT FROM user_word AS lower WHERE lower.user_id = found.user_id AND lower.word >= $1 AND lower.word < found.word)
    AND found.user_id <> ALL ($6::uuid[])
    AND NOT EXISTS (
      SELECT FROM unnest($7::text[], $8::text[]) AS earlier (low, high)
      JOIN user_word AS other ON other.user_id = found.user_id AND other.word >= earlier.low AND other.word < earlier.high)
  ORDER BY found.word, found.kind, found.user_id LIMIT $9`;

// Counts only up to a bound: that tells rare words from common ones, and common ones need no ranking.
const RAREST = `
  SELECT low AS "from", high AS "to" FROM unnest($1::text[], $2::text[]) AS prefix (low, high)
  ORDER BY (SELECT count(*) FROM (
    SELECT FROM user_word WHERE word >= low AND word < high LIMIT ${LOOKED_THROUGH + 1}) AS counted) LIMIT 1`;

const BY_ALL_WORDS = `
  SELECT found.word, found.kind, found.user_id AS "userId" FROM (
    SELECT word, kind, user_id FROM user_word WHERE word >= $1 AND word < $2
    ORDER BY word, kind, user_id LIMIT ${LOOKED_THROUGH}) AS found
  WHERE NOT EXISTS (
    SELECT FROM unnest($3::text[], $4::text[]) AS wanted (low, high)
    WHERE NOT EXISTS (
      SELECT FROM user_word AS other
      WHERE other.user_id = found.user_id AND other.word >= wanted.low AND other.word < wanted.high))
  ORDER BY found.word, found.kind, found.user_id`;

/** The user with exactly this username, if any. */
export async function findByUsername(reads: Reads, username: string): Promise<Match[]> {
  // Postgres text has no NUL, and neither has any username.
  if (username.includes('\u0000')) return [];
  return (await reads.query<Match>({ name: 'search-by-username', text: BY_USERNAME, values: [username] })).rows;
}

/** Users with a word in the range, each once, starting after a position. */
export async function findByWord(
  reads: Reads,
  wanted: {
    prefix: Prefix;
    after: Match | null;
    limit: number;
    withoutUsers: readonly string[];
    /** Leaves out users with a word in one of these ranges. */
    withoutWords: readonly Prefix[];
  },
): Promise<Match[]> {
  const { prefix, after, limit, withoutUsers, withoutWords } = wanted;
  const { rows } = await reads.query<Match>({
    name: 'search-by-word',
    text: BY_WORD,
    values: [
      prefix.from,
      prefix.to,
      after?.word ?? prefix.from,
      after?.kind ?? -1,
      after?.userId ?? '00000000-0000-0000-0000-000000000000',
      withoutUsers,
      withoutWords.map(({ from }) => from),
      withoutWords.map(({ to }) => to),
      limit,
    ],
  });
  return rows;
}

/** Users with a word in every range, each once: those among the first 500 matches of the rarest. */
export async function findByAllWords(reads: Reads, prefixes: readonly Prefix[]): Promise<Match[]> {
  const lows = prefixes.map(({ from }) => from);
  const highs = prefixes.map(({ to }) => to);
  const rarest = await reads.query<Prefix>({ name: 'search-rarest-word', text: RAREST, values: [lows, highs] });
  const { from, to } = present(rarest.rows[0], 'the rarest of some words is one of them');
  const others = prefixes.filter((prefix) => prefix.from !== from);
  const { rows } = await reads.query<Match>({
    name: 'search-by-all-words',
    text: BY_ALL_WORDS,
    values: [from, to, others.map((prefix) => prefix.from), others.map((prefix) => prefix.to)],
  });
  const seen = new Set<string>();
  return rows.filter(({ userId }) => !seen.has(userId) && seen.add(userId));
}
