import { freePort, isPortFree, SetupProblem } from '@kith/local-servers';
import type { ServiceProcess } from '../servers/run-restartable.ts';
import { startBalancer } from './balance-gateways.ts';
import type { HowMany } from './read-how-many.ts';

/** Of the configuration of `start`. */
interface GatewaysConfig {
  readonly HOST: string;
  readonly PORT: number;
  readonly TRUSTED_PROXIES?: string | undefined;
}

const areBalanced = ({ gateways, cluster }: HowMany) => cluster || gateways > 1;

/** One gateway listens at the address itself; several, and those of a cluster, are behind a balancer there. */
export async function placesOfGateways({ HOST, PORT }: GatewaysConfig, howMany: HowMany) {
  const { gateways } = howMany;
  if (!areBalanced(howMany)) return [{ host: HOST, port: PORT }];
  return Promise.all(Array.from({ length: gateways }, async () => ({ host: '127.0.0.1', port: await freePort() })));
}

/** The proxies that the gateways trust for client addresses, including the balancer on this machine. */
export function trustOf({ TRUSTED_PROXIES }: GatewaysConfig, howMany: HowMany): Record<string, string> {
  return !areBalanced(howMany) ? {} : { TRUSTED_PROXIES: [TRUSTED_PROXIES, 'loopback'].filter(Boolean).join(',') };
}

/** Resolves to the URL of the gateways. */
export async function balance(
  gateways: readonly ServiceProcess[],
  config: GatewaysConfig,
  onBalancer: (stop: () => Promise<void>) => void,
): Promise<string> {
  const [first, ...others] = gateways.map(({ url }) => url);
  if (first === undefined || others.length === 0) return first ?? '';
  const balancer = await startBalancer({ ...config, gatewayUrls: [first, ...others] });
  onBalancer(balancer.stop);
  return balancer.url;
}

export async function refuseTakenPort({ HOST, PORT }: GatewaysConfig): Promise<void> {
  if (await isPortFree(PORT, HOST)) return;
  throw new SetupProblem(
    `Port ${PORT} on ${HOST} is in use or not allowed: end what listens there, or choose another port, for example PORT=${PORT + 1} npx -y pnpm@12 start.`,
  );
}
