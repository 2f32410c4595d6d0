import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram, runChildServer } from '@kith/local-servers';
import { hostInUrl } from '@kith/service-kit';
import { runRestartable, type ServiceProcess } from '../servers/run-restartable.ts';
import { type BalancedGateways, writeHaproxyConfiguration } from './write-haproxy-configuration.ts';

export const HAPROXY_COMMANDS = ['haproxy'] as const;

/** Load balancer: a HAProxy in front of the gateways. Its configuration and log are written below `kithData`. */
export async function startHaproxy(
  balanced: BalancedGateways & { readonly kithData: string; readonly command?: string | undefined },
): Promise<ServiceProcess> {
  const { kithData, host, port, command = findProgram(HAPROXY_COMMANDS) ?? HAPROXY_COMMANDS[0] } = balanced;
  const configuration = join(kithData, 'cluster', 'haproxy.cfg');
  await writeFile(configuration, writeHaproxyConfiguration(balanced), { mode: 0o600 });
  const url = `http://${hostInUrl(host)}:${port}`;
  return runRestartable('haproxy', url, () =>
    runChildServer({
      name: 'haproxy',
      command,
      // In the foreground: it stays our child.
      args: ['-db', '-f', configuration],
      logFile: join(kithData, 'logs', 'haproxy.log'),
      isReady: async () => (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(2_000) })).ok,
    }),
  );
}

/** Processes of gateways, as they are written into its configuration. */
export const gatewaysAt = (gateways: readonly ServiceProcess[]): BalancedGateways['gateways'] =>
  gateways.map(({ name, url }) => {
    const { hostname, port } = new URL(url);
    return { name, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
  });
