import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@kith/local-servers';
import { present } from '@kith/service-kit';
import type { ServiceWithDatabase } from '@kith/services';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { type SystemOnServers, type SystemOptions, startSystemOn } from '../system/start-system.ts';
import { type ClusterServers, type ClusterServersToStart, startClusterServers } from './start-cluster-servers.ts';
import { gatewaysAt, startHaproxy } from './start-haproxy.ts';

export type ClusterSystem = SystemOnServers & {
  readonly servers: ClusterServers;
  readonly haproxy: ServiceProcess;
  /** Both servers of a service's database, for the operator. */
  operatorDatabaseUrl(name: ServiceWithDatabase): string;
};

/**
 * A whole system on clusters, as `start --cluster` runs it, for a test to use and to break: two of each process behind a
 * HAProxy, three replicas of each stream. Nothing but Postgres is started again by itself.
 */
export async function startClusterSystem(
  options: SystemOptions & { readonly say: (line: string) => void } & Pick<ClusterServersToStart, 'way'>,
): Promise<ClusterSystem> {
  const { kithData, say, way } = options;
  await mkdir(join(kithData, 'cluster'), { recursive: true, mode: 0o700 });
  let started: ClusterServers | undefined;
  const system = await startSystemOn(
    {
      gateways: 2,
      replicas: { user: 2, friend: 2, webhook: 2 },
      ...options,
      env: { STREAM_REPLICAS: '3', TRUSTED_PROXIES: 'loopback', ...options.env },
    },
    async (toStart) => {
      started = await startClusterServers({ ...toStart, ...(way && { way }) }, { say });
      const { urls, access, supervised, postgresNodes } = started;
      return { urls, access, running: [...supervised, ...postgresNodes] };
    },
  ).catch(async (error) => {
    // Whatever the failover has started again meanwhile.
    await started?.stop();
    throw error;
  });
  const servers = present(started, 'the servers run');
  const stop = async () => {
    await servers.failover.stop();
    await haproxy?.stop();
    await system.stop();
    await servers.stop();
  };
  let haproxy: ServiceProcess | undefined;
  try {
    haproxy = await startHaproxy({
      ...{ kithData, host: '127.0.0.1', port: await freePort() },
      gateways: await Promise.all(
        gatewaysAt(system.gateways).map(async (gateway) => ({
          ...gateway,
          port: way ? await way('haproxy', gateway.name, gateway.port) : gateway.port,
        })),
      ),
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { ...system, servers, haproxy, operatorDatabaseUrl: servers.operatorDatabaseUrl, stop };
}
