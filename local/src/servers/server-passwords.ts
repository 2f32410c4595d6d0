import { randomBytes } from 'node:crypto';
import type { Passwords } from '@kith/local-servers';
import {
  NATS_USERS,
  type NatsUser,
  ofEach,
  REDIS_USERS,
  type RedisUser,
  type ServiceWithDatabase,
  WITH_DATABASE,
} from '@kith/services';

/** Passwords for the servers started here: every process that opens one has its own. */
export type ServerPasswords = {
  /** The superuser's. */
  postgres: string;
  databases: Passwords<ServiceWithDatabase>;
  nats: Passwords<NatsUser>;
  redis: Passwords<RedisUser>;
};

/** 192 random bits, in characters that need no quoting anywhere. */
export const newSecret = () => randomBytes(24).toString('hex');

export const newServerPasswords = (): ServerPasswords => ({
  postgres: newSecret(),
  databases: ofEach(WITH_DATABASE, newSecret),
  nats: ofEach(NATS_USERS, newSecret),
  redis: ofEach(REDIS_USERS, newSecret),
});
