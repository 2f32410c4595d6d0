import { createHash } from 'node:crypto';
import type pg from 'pg';
import { FRIEND_AS_IN_VIEW } from '../rows/friend-in-view.ts';
import { REQUEST_AS_IN_VIEW } from '../rows/friend-request-row.ts';
import { PERSON_COLUMNS } from '../rows/profile-row.ts';

const TEXTS = `
  SELECT owner_id AS owner, revision,
    (SELECT string_agg(row_to_json(entry)::text, E'\\n' ORDER BY entry."userId") FROM (
       SELECT ${FRIEND_AS_IN_VIEW}
       FROM friend CROSS JOIN LATERAL (SELECT ${PERSON_COLUMNS} FROM profile WHERE user_id = friend_id LIMIT 1) AS person
       WHERE friend.owner_id = list.owner_id) AS entry) AS friends,
    (SELECT string_agg(row_to_json(entry)::text, E'\\n' ORDER BY entry.id) FROM (
       SELECT ${REQUEST_AS_IN_VIEW} FROM friend_request
       WHERE status = 'OPEN' AND (from_id = list.owner_id OR to_id = list.owner_id)) AS entry) AS requests
  FROM friend_list AS list WHERE owner_id = ANY($1::uuid[])`;

interface Texts {
  readonly owner: string;
  readonly revision: string;
  readonly friends: string | null;
  readonly requests: string | null;
}

/**
 * Digests of lists as their rows are, by owner: SHA-1, in hex, of what the database writes as a view would, in one
 * snapshot and one statement for all of them. Equal to a view's (`digest-view.lua`) only where the two hold the same; a view
 * that holds the same and was written otherwise may have another.
 */
export async function digestLists(pool: pg.Pool, ownerIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { rows } = await pool.query<Texts>(TEXTS, [ownerIds]);
  return new Map(
    rows.map(({ owner, revision, friends, requests }) => {
      const text = `${revision}\n${friends ?? ''}\n\n${requests ?? ''}`;
      return [owner, createHash('sha1').update(text).digest('hex')];
    }),
  );
}
