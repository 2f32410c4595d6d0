import type { Fields, ServiceWithDatabase } from '@kith/services';
import type { ServerPasswords } from './server-passwords.ts';

/** Opened as the superuser: for migrations, tests and the operator. */
export type ServerUrls = Fields<ServiceWithDatabase, 'DatabaseUrl', string> & { natsUrl: string; redisUrl: string };

export type ServersToStart = {
  /** Holds `postgres/`, `nats/`, `redis/` and `logs/`. */
  kithData: string;
  /** External servers that already run: these are not started. */
  given?: Partial<ServerUrls>;
  /** The services whose databases are needed; all by default. */
  databases?: readonly ServiceWithDatabase[];
  passwords: ServerPasswords;
  /** false: no fsync in Postgres, for tests. */
  durable?: boolean;
  natsCommand?: string;
  redisCommand?: string;
};
