import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../find-free-port.ts';
import { ChildDidNotStart } from '../servers/run-child-server.ts';
import { startNats } from '../servers/start-nats.ts';
import { startPostgres } from '../servers/start-postgres.ts';
import { startRedis } from '../servers/start-redis.ts';
import { SetupProblem } from '../setup-problem.ts';
import { runRestartable, type ServiceProcess } from './run-restartable.ts';

export type ServerUrls = { userDatabaseUrl: string; friendDatabaseUrl: string; natsUrl: string; redisUrl: string };

export type ServersToStart = {
  /** Holds `postgres/`, `nats/`, `redis/` and `logs/`. */
  kithData: string;
  /** Servers that run already: what is given here is not started. */
  given?: Partial<ServerUrls>;
  postgresPassword?: string;
  /** false: no fsync in Postgres, for tests. */
  durable?: boolean;
  natsCommand?: string;
  redisCommand?: string;
};

/** Starts the servers that are not given, all at once, on free ports that stay theirs over a restart. */
export async function startServers(
  options: ServersToStart,
): Promise<{ urls: ServerUrls; started: Partial<Record<'postgres' | 'nats' | 'redis', ServiceProcess>> }> {
  const { kithData, given = {} } = options;
  const logFolder = join(kithData, 'logs');
  await mkdir(logFolder, { recursive: true });
  const starting = {
    postgres: given.userDatabaseUrl && given.friendDatabaseUrl ? undefined : postgres(options, logFolder),
    nats: given.natsUrl ? undefined : server('nats', startNats, options.natsCommand, kithData, logFolder),
    redis: given.redisUrl ? undefined : server('redis', startRedis, options.redisCommand, kithData, logFolder),
  };
  const settled = await Promise.allSettled(Object.values(starting));
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' && outcome.value?.process.stop()));
    throw failed.reason;
  }
  const [database, nats, redis] = [await starting.postgres, await starting.nats, await starting.redis];
  const databaseUrl = (name: string) => database?.url(name) ?? '';
  return {
    urls: {
      userDatabaseUrl: given.userDatabaseUrl ?? databaseUrl('kith_user'),
      friendDatabaseUrl: given.friendDatabaseUrl ?? databaseUrl('kith_friend'),
      natsUrl: given.natsUrl ?? nats?.process.url ?? '',
      redisUrl: given.redisUrl ?? redis?.process.url ?? '',
    },
    started: {
      ...(database && { postgres: database.process }),
      ...(nats && { nats: nats.process }),
      ...(redis && { redis: redis.process }),
    },
  };
}

async function postgres(options: ServersToStart, logFolder: string) {
  const port = await freePort();
  const place = {
    dataFolder: join(options.kithData, 'postgres'),
    port,
    logFile: join(logFolder, 'postgres.log'),
    durable: options.durable ?? true,
    ...(options.postgresPassword !== undefined && { password: options.postgresPassword }),
  };
  let url: (database: string) => string = () => '';
  const process = await runRestartable('postgres', `postgresql://127.0.0.1:${port}`, async () => {
    const launched = await startPostgres(place);
    url = launched.url;
    return launched;
  });
  return { process, url };
}

async function server(
  name: 'nats' | 'redis',
  start: typeof startNats,
  command: string | undefined,
  kithData: string,
  logFolder: string,
) {
  const port = await freePort();
  const place = {
    dataFolder: join(kithData, name),
    port,
    logFile: join(logFolder, `${name}.log`),
    ...(command !== undefined && { command }),
  };
  try {
    return { process: await runRestartable(name, `${name}://127.0.0.1:${port}`, () => start(place)) };
  } catch (error) {
    if (!(error instanceof ChildDidNotStart)) throw error;
    throw new SetupProblem(
      `${error.message}: if its folder ${place.dataFolder} is damaged, move it away and start again (what was published from it is still in Postgres).`,
      { cause: error },
    );
  }
}
