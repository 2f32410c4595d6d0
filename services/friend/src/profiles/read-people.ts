import type pg from 'pg';

export interface PersonCopy {
  readonly userId: string;
  readonly nickname: string;
  readonly avatarUrl: string | null;
}

const PEOPLE = 'SELECT user_id, nickname, avatar_url FROM profile WHERE user_id = ANY($1::uuid[])';

/** The copied profiles of these people, by id; one statement, none when there is nobody to look up. */
export async function readPeople(pool: pg.Pool, userIds: readonly string[]): Promise<Map<string, PersonCopy>> {
  if (userIds.length === 0) return new Map();
  const { rows } = await pool.query<{ user_id: string; nickname: string; avatar_url: string | null }>({
    name: 'people-by-id',
    text: PEOPLE,
    values: [[...new Set(userIds)]],
  });
  return new Map(
    rows.map((row) => [row.user_id, { userId: row.user_id, nickname: row.nickname, avatarUrl: row.avatar_url }]),
  );
}
