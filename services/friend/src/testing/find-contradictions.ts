import type pg from 'pg';

/** What must never be true of a friend database, each as a query for the rows that break it. */
const CONTRADICTIONS: Readonly<Record<string, string>> = {
  'a friendship on one side only': `
    SELECT one.owner_id, one.friend_id FROM friend AS one
    LEFT JOIN friend AS two ON two.owner_id = one.friend_id AND two.friend_id = one.owner_id
    WHERE two.owner_id IS NULL OR two.since <> one.since`,
  'a friendship beside a block': `
    SELECT friend.owner_id, friend_id FROM friend JOIN block
      ON (block.owner_id, blocked_id) IN ((friend.owner_id, friend_id), (friend_id, friend.owner_id))`,
  'an open request beside a friendship or a block': `
    SELECT request.id FROM friend_request AS request WHERE status = 'OPEN' AND (
      EXISTS (SELECT FROM friend WHERE owner_id = from_id AND friend_id = to_id)
      OR EXISTS (SELECT FROM block WHERE (owner_id, blocked_id) IN ((from_id, to_id), (to_id, from_id))))`,
  'a tie to nobody': `
    SELECT tie.other FROM (
      SELECT friend_id AS other FROM friend UNION ALL SELECT owner_id FROM friend
      UNION ALL SELECT from_id FROM friend_request UNION ALL SELECT to_id FROM friend_request
      UNION ALL SELECT owner_id FROM block UNION ALL SELECT blocked_id FROM block) AS tie
    LEFT JOIN profile ON user_id = tie.other AND NOT deleted WHERE user_id IS NULL`,
  'a wrong count of friends or requests': `
    SELECT owner_id, friend_count, request_count FROM friend_list AS list
    WHERE friend_count <> (SELECT count(*) FROM friend WHERE friend.owner_id = list.owner_id)
      OR request_count <> (SELECT count(*) FROM friend_request
                           WHERE status = 'OPEN' AND list.owner_id IN (from_id, to_id))`,
  'a revision without its event, or the other way round': `
    SELECT list.owner_id, list.revision, count(event_id) FROM friend_list AS list
    LEFT JOIN outbox ON outbox.owner_id = list.owner_id::text
    GROUP BY list.owner_id, list.revision
    HAVING count(event_id) <> list.revision OR coalesce(max(outbox.revision), 0) <> list.revision
      OR coalesce(min(outbox.revision), 1) <> 1`,
  'an event without a list': `
    SELECT outbox.owner_id FROM outbox LEFT JOIN friend_list AS list ON list.owner_id::text = outbox.owner_id
    WHERE list.owner_id IS NULL`,
};

/** Each contradiction that is there, with an example. Empty: the database is consistent. */
export async function findContradictions(pool: pg.Pool): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(CONTRADICTIONS).map(async ([name, query]) => {
      const { rows } = await pool.query(`${query} LIMIT 1`);
      return rows.length > 0 ? [`${name}: ${JSON.stringify(rows[0])}`] : [];
    }),
  );
  return found.flat();
}
