import { randomBytes } from 'node:crypto';
import type { NatsPasswords } from '../servers/start-nats.ts';
import type { RedisPasswords } from '../servers/start-redis.ts';
import { REDIS_USERS } from '../servers/who-may-do-what-in-redis.ts';
import { NATS_USERS } from '../servers/who-may-do-what-on-nats.ts';

/** Of the servers that are started here: every process that opens one has its own. */
export type ServerPasswords = {
  /** The superuser's. */
  postgres: string;
  databases: { user: string; friend: string };
  nats: NatsPasswords;
  redis: RedisPasswords;
};

/** 192 random bits, in characters that need no quoting anywhere. */
export const newSecret = () => randomBytes(24).toString('hex');

export const newServerPasswords = (): ServerPasswords => ({
  postgres: newSecret(),
  databases: { user: newSecret(), friend: newSecret() },
  nats: Object.fromEntries(NATS_USERS.map((user) => [user, newSecret()])) as NatsPasswords,
  redis: Object.fromEntries(REDIS_USERS.map((user) => [user, newSecret()])) as RedisPasswords,
});
