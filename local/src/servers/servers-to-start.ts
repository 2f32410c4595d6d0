import type { Fields, ServiceWithDatabase } from '@kith/services';
import type { ServerPasswords } from './server-passwords.ts';

/** Opened as whoever may do everything there: for migrations, tests and the operator. */
export type ServerUrls = Fields<ServiceWithDatabase, 'DatabaseUrl', string> & { natsUrl: string; redisUrl: string };

export type ServersToStart = {
  /** Holds `postgres/`, `nats/`, `redis/` and `logs/`. */
  kithData: string;
  /** Servers that run already: what is given here is not started. */
  given?: Partial<ServerUrls>;
  /** Whose databases are needed; all of them unless told. */
  databases?: readonly ServiceWithDatabase[];
  passwords: ServerPasswords;
  /** false: no fsync in Postgres, for tests. */
  durable?: boolean;
  natsCommand?: string;
  redisCommand?: string;
};
