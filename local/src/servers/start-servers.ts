import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChildServer } from '@kith/local-servers';
import { ChildDidNotStart, freePort, SetupProblem, startNats, startPostgres, startRedis } from '@kith/local-servers';
import { databaseOf, fieldsOfEach, usersOfNats, usersOfRedis, WITH_DATABASE } from '@kith/services';
import { runRestartable, type ServiceProcess } from './run-restartable.ts';
import { asEachProcess, type ServerAccess } from './server-access.ts';
import type { ServersToStart, ServerUrls } from './servers-to-start.ts';

/** Starts the servers that are not given, in parallel, on free ports that they keep over a restart. */
export async function startServers(options: ServersToStart): Promise<{
  urls: ServerUrls;
  access: ServerAccess;
  started: Partial<Record<'postgres' | 'nats' | 'redis', ServiceProcess>>;
}> {
  const { kithData, given = {}, databases = WITH_DATABASE } = options;
  const logFolder = join(kithData, 'logs');
  await mkdir(logFolder, { recursive: true, mode: 0o700 });
  const starting = {
    postgres: databases.every((name) => given[`${name}DatabaseUrl`]) ? undefined : postgres(options, logFolder),
    nats: given.natsUrl ? undefined : nats(options, logFolder),
    redis: given.redisUrl ? undefined : redis(options, logFolder),
  };
  const settled = await Promise.allSettled(Object.values(starting));
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' && outcome.value?.process.stop()));
    throw failed.reason;
  }
  const [database, bus, cache] = [await starting.postgres, await starting.nats, await starting.redis];
  const urls = {
    ...fieldsOfEach(
      WITH_DATABASE,
      'DatabaseUrl',
      (name) => given[`${name}DatabaseUrl`] ?? database?.url(databaseOf(name).databaseName) ?? '',
    ),
    natsUrl: given.natsUrl ?? bus?.url ?? '',
    redisUrl: given.redisUrl ?? cache?.url ?? '',
  };
  return {
    urls,
    access: asEachProcess(urls, options),
    started: {
      ...(database && { postgres: database.process }),
      ...(bus && { nats: bus.process }),
      ...(cache && { redis: cache.process }),
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
    password: options.passwords.postgres,
  };
  let url: (database: string) => string = () => '';
  const process = await runRestartable('postgres', `postgresql://127.0.0.1:${port}`, async () => {
    const launched = await startPostgres(place);
    url = launched.url;
    return launched;
  });
  return { process, url };
}

const nats = ({ passwords, natsCommand, kithData }: ServersToStart, logFolder: string) =>
  server('nats', kithData, logFolder, (place) =>
    startNats({
      ...place,
      users: usersOfNats,
      passwords: passwords.nats,
      ...(natsCommand !== undefined && { command: natsCommand }),
    }),
  );

const redis = ({ passwords, redisCommand, kithData }: ServersToStart, logFolder: string) =>
  server('redis', kithData, logFolder, (place) =>
    startRedis({
      ...place,
      users: usersOfRedis,
      passwords: passwords.redis,
      ...(redisCommand !== undefined && { command: redisCommand }),
    }),
  );

async function server(
  name: 'nats' | 'redis',
  kithData: string,
  logFolder: string,
  start: (place: { dataFolder: string; port: number; logFile: string }) => Promise<ChildServer>,
) {
  const port = await freePort();
  const place = { dataFolder: join(kithData, name), port, logFile: join(logFolder, `${name}.log`) };
  let url = '';
  try {
    const process = await runRestartable(name, `${name}://127.0.0.1:${port}`, async () => {
      const started = await start(place);
      url = started.url;
      return started;
    });
    return { process, url };
  } catch (error) {
    if (!(error instanceof ChildDidNotStart)) throw error;
    throw new SetupProblem(
      `${error.message}: if its folder ${place.dataFolder} is damaged, move it away and start again (what was published from it is still in Postgres).`,
      { cause: error },
    );
  }
}
