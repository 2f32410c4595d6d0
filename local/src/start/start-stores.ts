import { join } from 'node:path';
import { SetupProblem } from '@kith/local-servers';
import { databaseOf, fieldsOfEach, WITH_DATABASE } from '@kith/services';
import { startClusterServers } from '../cluster/start-cluster-servers.ts';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import type { ServerAccess } from '../servers/server-access.ts';
import type { ServersToStart, ServerUrls } from '../servers/servers-to-start.ts';
import { startServers } from '../servers/start-servers.ts';
import type { HowMany } from '../several/read-how-many.ts';
import type { KeepTime } from '../steps/keep-time.ts';
import { findOrInstallServers } from './find-or-install-servers.ts';
import type { StartConfig } from './read-start-config.ts';

/** apt fetches them from wherever its mirror is. */
const INSTALLING = {
  withinMs: 600_000,
  lookAt: 'install nats-server, redis-server and, for --cluster, haproxy yourself',
};
/** Eleven servers, which elect leaders and copy a database. */
const CLUSTERS_WITHIN_MS = 300_000;

export interface StoresOptions extends Omit<ServersToStart, 'given' | 'natsCommand' | 'redisCommand'> {
  readonly config: StartConfig;
  readonly howMany: HowMany;
  readonly step: KeepTime;
  readonly say: (line: string) => void;
  /** Told each process that is to be started again when it ends. */
  readonly onStarted: (process: ServiceProcess) => void;
  /** Told processes that somebody else starts again, which `stopIt` ends. */
  readonly onWatched: (processes: readonly ServiceProcess[], stopIt: () => Promise<void>) => void;
  /** Other processes of those run. */
  readonly onChange: () => void;
}

export interface Stores {
  readonly urls: ServerUrls;
  readonly access: ServerAccess;
  readonly haproxyCommand?: string;
}

/**
 * Postgres, NATS and Redis: one of each that no variable names, or a cluster of each.
 *
 * @throws {SetupProblem}
 */
export async function startStores(options: StoresOptions): Promise<Stores> {
  const { config, howMany, step, say, onStarted, onWatched, onChange, ...servers } = options;
  const lookAt = `their logs are in ${join(config.KITH_DATA, 'logs')}`;
  if (!howMany.cluster) {
    const given = givenUrls(config);
    const programs = await step('Finding or installing the servers', () => programsFor(config, say), INSTALLING);
    const { urls, access, started } = await step(
      `Starting ${serversBut(given)}`,
      () => startServers({ ...servers, given, ...programs }),
      { lookAt },
    );
    for (const server of Object.values(started)) onStarted(server);
    return { urls, access };
  }
  refuseGiven(config);
  const found = await step(
    'Finding or installing the servers',
    () => findOrInstallServers(['nats', 'redis', 'haproxy'], say),
    INSTALLING,
  );
  const commands = { natsCommand: found.nats, redisCommand: found.redis };
  const cluster = await step(
    'Starting the clusters of Postgres, NATS and Redis',
    () => startClusterServers({ ...servers, ...commands }, { say, onChange }),
    { withinMs: CLUSTERS_WITHIN_MS, lookAt },
  );
  onWatched(cluster.postgresNodes, () => cluster.failover.stop());
  for (const server of cluster.supervised) onStarted(server);
  return { urls: cluster.urls, access: cluster.access, haproxyCommand: found.haproxy };
}

const serversBut = (given: Partial<ServerUrls>) =>
  ['Postgres', ...(given.natsUrl ? [] : ['NATS']), ...(given.redisUrl ? [] : ['Redis'])].join(', ');

function refuseGiven(config: StartConfig): void {
  const variables = [...WITH_DATABASE.map((name) => databaseOf(name).urlVariable), 'NATS_URL', 'REDIS_URL'] as const;
  const given = variables.find((variable) => config[variable] !== undefined);
  if (given) throw new SetupProblem(`--cluster starts all servers itself: unset ${given}, or leave --cluster out.`);
}

/** The addresses of servers that are not ours to start. */
export function givenUrls(config: StartConfig): Partial<ServerUrls> {
  const given = WITH_DATABASE.filter((name) => config[databaseOf(name).urlVariable]);
  return {
    ...fieldsOfEach(given, 'DatabaseUrl', (name) => config[databaseOf(name).urlVariable] ?? ''),
    ...natsOf(config),
    ...(config.REDIS_URL && { redisUrl: config.REDIS_URL }),
  };
}

/** The in-process bus needs no NATS: none is started, and the address here is never used. */
function natsOf(config: StartConfig): { natsUrl?: string } {
  if (config.EVENT_BUS === 'in-process') return { natsUrl: 'nats://none.invalid:4222' };
  return config.NATS_URL ? { natsUrl: config.NATS_URL } : {};
}

async function programsFor(
  config: StartConfig,
  say: (line: string) => void,
): Promise<{ natsCommand?: string; redisCommand?: string }> {
  const kinds = [...(natsOf(config).natsUrl ? [] : ['nats' as const]), ...(config.REDIS_URL ? [] : ['redis' as const])];
  const found: { nats?: string; redis?: string } = await findOrInstallServers(kinds, say);
  return { ...(found.nats && { natsCommand: found.nats }), ...(found.redis && { redisCommand: found.redis }) };
}
