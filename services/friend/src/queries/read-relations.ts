import type { Reads } from '@kith/service-kit';

export type Relation = 'SELF' | 'NONE' | 'FRIEND' | 'REQUEST_SENT' | 'REQUEST_RECEIVED' | 'BLOCKED';

// Only the viewer's own blocks are looked at: who is blocked must not see it. Not EXISTS, for which Postgres may read all
// of the viewer's list into a hash table, however few are asked for.
const RELATIONS = `
  SELECT CASE
    WHEN other = $1 THEN 'SELF'
    WHEN (SELECT true FROM block WHERE owner_id = $1 AND blocked_id = other) THEN 'BLOCKED'
    WHEN (SELECT true FROM friend WHERE owner_id = $1 AND friend_id = other) THEN 'FRIEND'
    ELSE coalesce((
      SELECT CASE from_id WHEN $1 THEN 'REQUEST_SENT' ELSE 'REQUEST_RECEIVED' END FROM friend_request
      WHERE status = 'OPEN' AND least(from_id, to_id) = least($1, other) AND greatest(from_id, to_id) = greatest($1, other)
    ), 'NONE') END AS relation
  FROM unnest($2::uuid[]) WITH ORDINALITY AS asked (other, place) ORDER BY place`;

/** What each of these people is to the viewer, in their order; one statement. */
export async function readRelations(reads: Reads, viewerId: string, userIds: readonly string[]): Promise<Relation[]> {
  const { rows } = await reads.query<{ relation: Relation }>({
    name: 'relations',
    text: RELATIONS,
    values: [viewerId, userIds],
  });
  return rows.map(({ relation }) => relation);
}
