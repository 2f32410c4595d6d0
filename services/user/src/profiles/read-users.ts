import { PROFILE_DIGEST } from '@kith/event-contracts';
import type { Reads } from '@kith/service-kit';
import { USER_COLUMNS, type UserRow } from './user-row.ts';

const BY_IDS = `SELECT ${USER_COLUMNS} FROM users WHERE id = ANY($1::uuid[])`;
// Not "$1 IS NULL OR …", for which a prepared plan reads all from the beginning.
const AFTER = "id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')";
const PAGE = `SELECT ${USER_COLUMNS} FROM users WHERE ${AFTER} ORDER BY id LIMIT $2`;
const DIGEST = `
  WITH range AS MATERIALIZED (SELECT ${USER_COLUMNS} FROM users WHERE ${AFTER} ORDER BY id LIMIT $2)
  SELECT count(*)::int AS profiles, (SELECT id FROM range ORDER BY id DESC LIMIT 1) AS last,
    (SELECT ${PROFILE_DIGEST} FROM (
       SELECT id AS "userId", username, nickname, "avatarUrl", "friendPolicy", version FROM range WHERE NOT deleted
     ) AS person) AS digest
  FROM range`;

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

export interface ProfileDigest {
  readonly last: string | null;
  readonly profiles: number;
  readonly digest: string;
}

/** The range digest of the page that `readUserPage` would answer; `last` is null where none follows. */
export async function digestUserPage(reads: Reads, after: string | null, first: number): Promise<ProfileDigest> {
  const { rows } = await reads.query<ProfileDigest>({ name: 'user-digest', text: DIGEST, values: [after, first] });
  const { last = null, profiles = 0, digest = '' } = rows[0] ?? {};
  return { last: profiles < first ? null : last, profiles, digest };
}
