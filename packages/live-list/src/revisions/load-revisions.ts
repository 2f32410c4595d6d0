import type { SqlConnection } from '@kith/event-delivery';

const REVISIONS = 'SELECT owner_id, revision FROM live_list WHERE kind = $1 AND owner_id = ANY($2::text[])';

/** Where these lists stand, in one statement; 0 for a list that never changed. */
export async function loadRevisions(
  sql: SqlConnection,
  kind: string,
  ownerIds: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await sql.query<{ owner_id: string; revision: string }>(REVISIONS, [kind, ownerIds]);
  const known = new Map(rows.map((row) => [row.owner_id, Number(row.revision)]));
  return new Map(ownerIds.map((ownerId) => [ownerId, known.get(ownerId) ?? 0]));
}
