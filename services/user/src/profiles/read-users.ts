import type { Reads } from '@kith/service-kit';
import { USER_COLUMNS, type UserRow } from './user-row.ts';

const BY_IDS = `SELECT ${USER_COLUMNS} FROM users WHERE id = ANY($1::uuid[])`;
const PAGE = `
  SELECT ${USER_COLUMNS} FROM users WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2`;

/** Users by id, deleted ones included, in no order; unknown ids are left out. One statement. */
export async function readUsers(reads: Reads, ids: readonly string[]): Promise<UserRow[]> {
  const { rows } = await reads.query<UserRow>({ name: 'users-by-ids', text: BY_IDS, values: [ids] });
  return rows;
}

/** A page of all users, deleted ones included, ordered by id; `after` is the last id of the previous page. */
export async function readUserPage(reads: Reads, after: string | null, first: number): Promise<UserRow[]> {
  const { rows } = await reads.query<UserRow>({ name: 'user-page', text: PAGE, values: [after, first] });
  return rows;
}
