import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type LocalRedisCluster,
  type NatsCluster,
  type PostgresNode,
  type PostgresPair,
  startNatsCluster,
  startPostgresPair,
  startRedisCluster,
} from '@kith/local-servers';
import { asRole } from '@kith/migrations';
import {
  databaseOf,
  fieldsOfEach,
  type ServiceWithDatabase,
  usersOfNats,
  usersOfRedis,
  WITH_DATABASE,
} from '@kith/services';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { accessBy, roleOf, type ServerAccess } from '../servers/server-access.ts';
import type { ServersToStart, ServerUrls } from '../servers/servers-to-start.ts';
import { type Failover, failOverPostgres } from './fail-over-postgres.ts';
import { nodeAsProcess } from './node-as-process.ts';

export interface ClusterServers {
  /** The operator's. Those of databases lead to the server that is the primary at this moment. */
  readonly urls: ServerUrls;
  readonly access: ServerAccess;
  /** To be started again by their supervisor when they end. */
  readonly supervised: readonly ServiceProcess[];
  /** The failover starts them again. */
  readonly postgresNodes: readonly ServiceProcess[];
  readonly nats: NatsCluster;
  readonly redis: LocalRedisCluster;
  readonly postgres: PostgresPair;
  readonly failover: Failover;
  /** Both servers of a service's database, for the operator. */
  operatorDatabaseUrl(name: ServiceWithDatabase): string;
  stop(): Promise<void>;
}

export interface ClusterServersToStart extends Omit<ServersToStart, 'given'> {
  /** Through which port somebody reaches another's, where that is not to be the port itself: for network partitions. */
  readonly way?: (from: string, to: string, port: number) => Promise<number>;
}

/** Noticed within seconds, by either side, when the other hangs. */
const POSTGRES_SETTINGS = {
  wal_sender_timeout: '3s',
  wal_receiver_timeout: '3s',
  wal_receiver_status_interval: '1s',
  wal_retrieve_retry_interval: '500ms',
};

/**
 * Three nats-servers, a Redis Cluster of six, and a Postgres with a synchronous standby and automatic failover, on
 * 127.0.0.1, with data below `cluster/` of the data folder. If one of them does not start, none runs.
 *
 * @param said what the failover did, and when the processes of Postgres change
 */
export async function startClusterServers(
  options: ClusterServersToStart,
  said: { readonly say: (line: string) => void; readonly onChange?: () => void },
): Promise<ClusterServers> {
  const { kithData, passwords, way } = options;
  const folder = join(kithData, 'cluster');
  const logFolder = join(kithData, 'logs');
  for (const each of [folder, logFolder]) await mkdir(each, { recursive: true, mode: 0o700 });
  // Copies alone, as of a single Redis: the nodes would look for each other at the addresses of their last start.
  await rm(join(folder, 'redis'), { recursive: true, force: true });
  const starting = [
    startNatsCluster({
      dataFolder: join(folder, 'nats'),
      logFolder,
      users: usersOfNats,
      passwords: passwords.nats,
      ...(options.natsCommand !== undefined && { command: options.natsCommand }),
      ...(way && { way }),
    }),
    startRedisCluster({
      dataFolder: join(folder, 'redis'),
      users: usersOfRedis,
      passwords: passwords.redis,
      ...(options.redisCommand !== undefined && { command: options.redisCommand }),
    }),
    startPostgresPair({
      dataFolder: join(folder, 'postgres'),
      password: passwords.postgres,
      durable: options.durable ?? true,
      settings: POSTGRES_SETTINGS,
    }),
  ] as const;
  const settled = await Promise.allSettled(starting);
  const failed = settled.find((outcome) => outcome.status === 'rejected');
  if (failed) {
    await Promise.all(settled.map((outcome) => outcome.status === 'fulfilled' && outcome.value.stop()));
    throw failed.reason;
  }
  const [nats, redis, postgres] = await Promise.all(starting);
  const through = way ?? (async (_from: string, _to: string, port: number) => port);
  const ports = await Promise.all(postgres.nodes.map(({ name, port }) => through('clients', name, port)));
  return describe({ nats, redis, postgres }, options, { ports, failover: failOverPostgres(postgres, said) });
}

async function describe(
  servers: Pick<ClusterServers, 'nats' | 'redis' | 'postgres'>,
  { passwords }: ClusterServersToStart,
  { ports, failover }: { ports: readonly number[]; failover: Failover },
): Promise<ClusterServers> {
  const { nats, redis, postgres } = servers;
  const oneServer = (name: ServiceWithDatabase) => postgres.primary.url(databaseOf(name).databaseName);
  const bothServers = (url: string) => severalServers(url, postgres.primary.port, ports);
  const supervised = await Promise.all([
    ...nats.nodes.map((node, n) => nodeAsProcess(`nats-${n + 1}`, `nats://127.0.0.1:${node.port}`, node)),
    ...redis.nodes.map((node, n) => nodeAsProcess(`redis-${n + 1}`, `redis://127.0.0.1:${node.port}`, node)),
  ]);
  return {
    ...servers,
    failover,
    urls: {
      ...fieldsOfEach(WITH_DATABASE, 'DatabaseUrl', oneServer),
      natsUrl: nats.url,
      redisUrl: redis.url,
    },
    access: accessBy({
      natsUrl: (user) => nats.urlOf(user),
      redisUrl: (user) => redis.urlOf(user),
      databaseUrl: (name) => bothServers(asRole(oneServer(name), roleOf(name, passwords))),
    }),
    supervised,
    postgresNodes: postgres.nodes.map((node, n) => postgresAsProcess(`postgres-${n + 1}`, node)),
    operatorDatabaseUrl: (name) => postgres.url(databaseOf(name).databaseName),
    async stop() {
      await failover.stop();
      await Promise.all([nats.stop(), redis.stop(), postgres.stop()]);
    },
  };
}

/** Multi-host connection string: the one server that takes writes, whichever it is. */
function severalServers(url: string, port: number, ports: readonly number[]): string {
  const hosts = ports.map((each) => `127.0.0.1:${each}`).join(',');
  return `${url.replace(`127.0.0.1:${port}`, hosts)}?target_session_attrs=read-write`;
}

/** Not restarted by a supervisor: whether it is, and as what, the failover decides. */
const postgresAsProcess = (name: string, node: PostgresNode): ServiceProcess => ({
  name,
  url: `postgresql://127.0.0.1:${node.port}`,
  get pid() {
    return node.pid;
  },
  get running() {
    return node.running;
  },
  start: () => node.start(),
  stop: () => node.stop(),
  kill: () => node.kill(),
  pause: () => node.pause(),
  resume: () => node.resume(),
  onUnexpectedEnd: () => {},
});
