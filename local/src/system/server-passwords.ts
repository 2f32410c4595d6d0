import { randomBytes } from 'node:crypto';
import type { Passwords } from '@kith/local-servers';
import { NATS_USERS, type NatsUser, REDIS_USERS, type RedisUser } from '@kith/services';

/** Of the servers that are started here: every process that opens one has its own. */
export type ServerPasswords = {
  /** The superuser's. */
  postgres: string;
  databases: { user: string; friend: string };
  nats: Passwords<NatsUser>;
  redis: Passwords<RedisUser>;
};

/** 192 random bits, in characters that need no quoting anywhere. */
export const newSecret = () => randomBytes(24).toString('hex');

export const newServerPasswords = (): ServerPasswords => ({
  postgres: newSecret(),
  databases: { user: newSecret(), friend: newSecret() },
  nats: Object.fromEntries(NATS_USERS.map((user) => [user, newSecret()])) as Passwords<NatsUser>,
  redis: Object.fromEntries(REDIS_USERS.map((user) => [user, newSecret()])) as Passwords<RedisUser>,
});
