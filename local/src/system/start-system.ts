import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@kith/local-servers';
import { migrate } from '@kith/migrations';
import { askInsideDirectly } from '@kith/service-kit';
import { databasesOf, SERVICE_NAMES, type ServiceName, startedWith } from '@kith/services';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { giveDatabasesToServices, type ServerAccess } from '../servers/server-access.ts';
import { newSecret, newServerPasswords } from '../servers/server-passwords.ts';
import type { ServersToStart, ServerUrls } from '../servers/servers-to-start.ts';
import { startServers } from '../servers/start-servers.ts';
import { composeSupergraph } from './compose-supergraph.ts';
import { putAPoolerBetween, type ServersOfSystem } from './put-a-pooler-between.ts';
import { freePorts, type StartedProcesses, startProcesses } from './start-processes.ts';
import { stopInOrder } from './stop-in-order.ts';

/** Its URLs are the operator's, with full rights; `access` holds those of its processes. */
export type SystemOnServers = ServerUrls &
  StartedProcesses & {
    access: ServerAccess;
    operatorKey: string;
    gatewayKey: string;
    /** Ends everything, in reverse order of starting. What already ended is no error. */
    stop(): Promise<void>;
  };

export type RunningSystem = SystemOnServers & Record<'postgres' | 'nats' | 'redis', ServiceProcess>;

export interface SystemOptions {
  kithData: string;
  gateways?: number;
  /** How many processes of each service; default one. */
  replicas?: Partial<Record<ServiceName, number>>;
  env?: Record<string, string>;
  durable?: boolean;
  /** As `composeSupergraph` wrote it before; by default it is composed. */
  supergraph?: string;
  /** Its processes reach Postgres through a pooler in transaction mode. */
  throughPooler?: boolean;
}

/**
 * A whole system of its own, for a test or a benchmark to use and to break: private servers, migrated databases, the
 * composed supergraph, processes of each service, and as many gateways as asked for.
 *
 * @param options `kithData`: an empty folder for data and `logs/*.log`; `env`: more variables, for every process;
 *   `durable`: true for a benchmark, whose Postgres has to fsync. EVENT_BUS=in-process, there or in this process's own
 *   environment, runs all of Kith in one process.
 */
export async function startSystem(options: SystemOptions): Promise<RunningSystem> {
  let servers: Partial<Record<'postgres' | 'nats' | 'redis', ServiceProcess>> = {};
  const system = await startSystemOn(options, async (toStart) => {
    const { urls, access, started } = await startServers(toStart);
    servers = started;
    const own = { urls, access, running: Object.values(started) };
    if (!options.throughPooler) return own;
    return putAPoolerBetween(own, toStart.passwords.postgres).catch(async (error) => {
      await stopInOrder(own.running);
      throw error;
    });
  });
  const { postgres, nats, redis } = servers as Record<'postgres' | 'nats' | 'redis', ServiceProcess>;
  return { ...system, postgres, nats, redis };
}

/** The same, on servers that the caller starts. */
export async function startSystemOn(
  options: SystemOptions,
  start: (servers: ServersToStart) => Promise<ServersOfSystem>,
): Promise<SystemOnServers> {
  // Who starts it asks it, too: a test, a benchmark.
  askInsideDirectly();
  const { kithData, gateways: gatewayCount = 1, env = {}, durable = false } = options;
  await mkdir(kithData, { recursive: true, mode: 0o700 });
  const supergraphFile = join(kithData, 'supergraph.graphql');
  const written =
    options.supergraph === undefined
      ? composeSupergraph(supergraphFile)
      : writeFile(supergraphFile, options.supergraph);
  const composed = written.then(() => chmod(supergraphFile, 0o600));
  // The first failure is reported; a composition that fails meanwhile must not become an unhandled rejection.
  composed.catch(() => {});
  const passwords = newServerPasswords();
  const extra = { ...inheritedBus(), ...env };
  const databases = databasesOf(startedWith(extra));
  const { urls, access, running: servers } = await start({ kithData, durable, passwords, databases });
  const running = [...servers];
  const stop = () => stopInOrder(running);
  try {
    await Promise.all([...databases.map((name) => migrate(urls[`${name}DatabaseUrl`], name)), composed]);
    await giveDatabasesToServices(urls, { passwords, databases, eventBus: extra.EVENT_BUS });
    const keys = { gatewayKey: newSecret(), operatorKey: newSecret() };
    const processes = await startProcesses(
      {
        access,
        ...keys,
        supergraphFile,
        subgraphsFile: join(kithData, 'subgraphs.json'),
        signingKeyFile: join(kithData, 'signing-keys.json'),
        extra,
      },
      {
        logFolder: join(kithData, 'logs'),
        services: await freePorts(SERVICE_NAMES, options.replicas),
        gateways: await Promise.all(
          Array.from({ length: gatewayCount }, async () => ({ host: '127.0.0.1', port: await freePort() })),
        ),
      },
      (process) => running.push(process),
    );
    return { ...urls, access, ...keys, ...processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** So that a whole suite can be run over the other bus: EVENT_BUS=in-process vitest run --project 'e2e*'. */
function inheritedBus(): { EVENT_BUS?: string } {
  return process.env.EVENT_BUS ? { EVENT_BUS: process.env.EVENT_BUS } : {};
}
