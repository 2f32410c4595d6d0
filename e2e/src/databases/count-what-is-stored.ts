import { openDatabase } from './open-database.ts';

/** What no refused operation may change: counts and revisions of everything in both databases. */
export function countWhatIsStored(urls: { userDatabaseUrl: string; friendDatabaseUrl: string }) {
  const [user, friend] = [openDatabase(urls.userDatabaseUrl, 1), openDatabase(urls.friendDatabaseUrl, 1)];
  return {
    async now(): Promise<unknown> {
      const [users, friends] = await Promise.all([
        user.query(`SELECT count(*) AS users, sum(version) AS versions, count(deleted_at) AS deleted,
          string_agg(password_hash, '' ORDER BY id) AS passwords, (SELECT count(*) FROM outbox) AS events FROM users`),
        friend.query(`SELECT (SELECT count(*) FROM outbox) AS events, (SELECT sum(revision) FROM friend_list) AS revisions,
          (SELECT count(*) FROM friend) AS friends, (SELECT count(*) FROM friend_request) AS requests,
          (SELECT count(*) FROM block) AS blocks, (SELECT string_agg(coalesce(remark, ''), ',' ORDER BY remark) FROM friend) AS remarks`),
      ]);
      return { user: users.rows[0], friend: friends.rows[0] };
    },
    stop: () => Promise.all([user.end(), friend.end()]),
  };
}
