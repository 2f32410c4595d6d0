import { IN_REDIS, SERVICES, type ServiceInRedis } from './services.ts';

export type RedisUser = ServiceInRedis | 'one-process' | 'kith';
/** Each service that keeps something in Redis has a user of its own, or all one in one process; `kith` is the operator. */
export const REDIS_USERS: readonly RedisUser[] = [...IN_REDIS, 'one-process', 'kith'];

const keysOf = (user: Exclude<RedisUser, 'kith'>): readonly string[] =>
  user === 'one-process' ? IN_REDIS.flatMap(keysOf) : (SERVICES[user].redisKeys ?? []);

/**
 * Without what reads or changes others' keys without naming them, or the server. INFO tells a client whether it is
 * ready, and CLUSTER SLOTS who serves which keys; the rest of CLUSTER names keys of others.
 */
const COMMANDS = '+@all -@admin -@dangerous -scan -randomkey -dbsize -cluster +cluster|slots +info';

/**
 * Access control by least privilege (ACL, https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/):
 * the part of a Redis server's configuration that says who may connect, and to which keys. Nobody else may.
 */
function redisUsers(passwords: Readonly<Record<RedisUser, string>>): string {
  const lines = REDIS_USERS.map((user) => {
    const may =
      user === 'kith'
        ? '~* &* +@all'
        : `${keysOf(user)
            .map((key) => `~${key}`)
            .join(' ')} ${COMMANDS}`;
    return `user ${user} on >${passwords[user]} ${may}`;
  });
  return `${['user default off', ...lines].join('\n')}\n`;
}

export const usersOfRedis = { names: REDIS_USERS, configurationFor: redisUsers };
