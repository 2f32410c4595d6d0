import type pg from 'pg';

const REVISIONS = 'SELECT owner_id, revision FROM friend_list WHERE owner_id = ANY($1::uuid[])';

/** Where these lists stand in Postgres, in one statement; 0 for a list that does not exist. */
export async function loadRevisions(pool: pg.Pool, ownerIds: readonly string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<{ owner_id: string; revision: string }>({
    name: 'list-revisions',
    text: REVISIONS,
    values: [ownerIds],
  });
  const known = new Map(rows.map((row) => [row.owner_id, Number(row.revision)]));
  return new Map(ownerIds.map((ownerId) => [ownerId, known.get(ownerId) ?? 0]));
}
