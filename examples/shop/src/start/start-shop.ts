import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isPortFree } from '@kith/local-servers';
import { variablesOf } from '../run/shop-config.ts';
import { SERVICE_NAMES, type ServiceName, SHOP_SERVICES } from '../run/shop-services.ts';
import type { ShopService } from '../service/shop-service.ts';
import { type ProcessOfTheShop, runProcess } from './run-process.ts';
import { type Servers, startServers } from './start-servers.ts';

export interface RunningService {
  readonly url: string;
  readonly databaseUrl: string;
}

export interface Shop extends Readonly<Record<ServiceName, RunningService>> {
  readonly natsUrl: string | undefined;
  /** One for each service; under the in-process bus one for all. */
  readonly processes: readonly ProcessOfTheShop[];
  stop(): Promise<void>;
}

export interface ShopOptions {
  /** `jetstream`: NATS, and a process for each service. `in-process`: one process and no NATS. */
  readonly eventBus: Servers['eventBus'];
  /** Listen at the ports of the list where they are free. */
  readonly usualPorts?: boolean;
}

/** The whole shop on private servers, in a private folder that `stop` removes. */
export async function startShop({ eventBus, usualPorts = false }: ShopOptions): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const servers = await startServers({ eventBus, folder, stops });
    const places = await Promise.all(SHOP_SERVICES.map((service) => placeOf(service, servers, usualPorts)));
    const env = environmentOf(servers, places);
    const groups = eventBus === 'in-process' ? [SERVICE_NAMES] : SERVICE_NAMES.map((name) => [name]);
    const processes = await Promise.all(
      groups.map(async (names) => {
        const urls = places.filter(({ name }) => names.includes(name)).map(({ url }) => url);
        const process = await runProcess({ names, urls, env, folder });
        stops.push(() => process.stop());
        return process;
      }),
    );
    const { natsUrl } = servers;
    const find = (name: ServiceName) => {
      const place = places.find((each) => each.name === name);
      if (!place) throw new Error(`${name} was not started.`);
      return place;
    };
    const services = { order: find('order'), product: find('product'), inventory: find('inventory') };
    return { ...services, natsUrl, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Place extends RunningService {
  readonly name: ServiceName;
  readonly port: number;
}

async function placeOf({ name, port: usual }: ShopService, servers: Servers, usualPorts: boolean): Promise<Place> {
  const port = usualPorts && (await isPortFree(usual)) ? usual : await freePort();
  return { name, port, url: `http://127.0.0.1:${port}`, databaseUrl: await servers.database(name) };
}

function environmentOf(servers: Servers, places: readonly Place[]): Record<string, string> {
  const { eventBus, natsUrl, eventsDatabaseUrl } = servers;
  const ofServices = places.flatMap(({ name, port, databaseUrl }) => {
    const variables = variablesOf(name);
    return [
      [variables.databaseUrl, databaseUrl],
      [variables.port, String(port)],
    ];
  });
  return {
    ...Object.fromEntries(ofServices),
    PRODUCT_URL: places.find(({ name }) => name === 'product')?.url ?? '',
    EVENT_BUS: eventBus,
    ...(natsUrl !== undefined && { NATS_URL: natsUrl }),
    ...(eventsDatabaseUrl !== undefined && { EVENTS_DATABASE_URL: eventsDatabaseUrl }),
  };
}
