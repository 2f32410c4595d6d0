/** Each service that keeps something in Redis has a user of its own, or both one in one process; `kith` is the operator. */
export const REDIS_USERS = ['user', 'friend', 'one-process', 'kith'] as const;
export type RedisUser = (typeof REDIS_USERS)[number];

/** The names of the keys of each: `limit-attempts.ts` in the user service, `view-keys.ts` in the friend service. */
const OF_USER = ['kith:attempts:*'];
const OF_FRIEND = ['friend-list:*'];
const KEYS: Readonly<Record<Exclude<RedisUser, 'kith'>, readonly string[]>> = {
  user: OF_USER,
  friend: OF_FRIEND,
  'one-process': [...OF_USER, ...OF_FRIEND],
};

/** What reads or changes others' keys without naming them, or the server. INFO tells a client whether it is ready. */
const COMMANDS = '+@all -@admin -@dangerous -scan -randomkey -dbsize +info';

/**
 * Access control by least privilege (ACL, https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/):
 * the part of a Redis server's configuration that says who may connect, and to which keys. Nobody else may.
 */
function redisUsers(passwords: Readonly<Record<RedisUser, string>>): string {
  const lines = REDIS_USERS.map((user) => {
    const may = user === 'kith' ? '~* &* +@all' : `${KEYS[user].map((key) => `~${key}`).join(' ')} ${COMMANDS}`;
    return `user ${user} on >${passwords[user]} ${may}`;
  });
  return `${['user default off', ...lines].join('\n')}\n`;
}

export const usersOfRedis = { names: REDIS_USERS, configurationFor: redisUsers };
