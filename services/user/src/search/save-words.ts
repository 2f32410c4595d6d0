import type { SqlConnection } from '@kith/event-delivery';
import { searchableWords } from './words-of.ts';

/**
 * Version of the folding in `searchableWords`. If you change its result, raise this and add a migration with the index
 * that finds older words, as `fold_words_anew` did.
 */
export const FOLDING = 2;

const FORGET = 'DELETE FROM user_word WHERE user_id = ANY($1::uuid[])';
const ADD = `
  INSERT INTO user_word (word, kind, user_id, folding)
  SELECT *, ${FOLDING} FROM unnest($1::text[], $2::smallint[], $3::uuid[])`;

/** Saves, in the caller's transaction, that these users are found by these names and no others. */
export async function saveWords(
  sql: SqlConnection,
  users: readonly { id: string; username: string; nickname: string }[],
): Promise<void> {
  await sql.query(FORGET, [users.map(({ id }) => id)]);
  const words = users.flatMap((user) => searchableWords(user).map((found) => ({ ...found, id: user.id })));
  if (words.length === 0) return;
  await sql.query(ADD, [words.map(({ word }) => word), words.map(({ kind }) => kind), words.map(({ id }) => id)]);
}
