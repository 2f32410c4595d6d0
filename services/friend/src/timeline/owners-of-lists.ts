import type pg from 'pg';

const AFTER = 'SELECT owner_id FROM friend_list WHERE owner_id > $1 ORDER BY owner_id LIMIT $2';
const COUNT = 'SELECT count(*)::int AS total FROM friend_list';
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** So many at a time; fewer are the last. */
export const OWNERS_A_PAGE = 500;

/** The next owners of lists by id; null begins with the first. */
export async function ownersAfter(pool: pg.Pool, after: string | null): Promise<string[]> {
  const { rows } = await pool.query<{ owner_id: string }>(AFTER, [after ?? NOBODY, OWNERS_A_PAGE]);
  return rows.map((row) => row.owner_id);
}

export async function countLists(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ total: number }>(COUNT);
  return rows[0]?.total ?? 0;
}
