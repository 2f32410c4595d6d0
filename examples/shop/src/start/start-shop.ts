import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabaseIfMissing, freePort, isPortFree, startNats, startPostgres } from '@kith/local-servers';
import { variablesOf } from '../run/shop-config.ts';
import { SERVICE_NAMES, type ServiceName, SHOP_SERVICES } from '../run/shop-services.ts';
import { type ProcessOfTheShop, runProcess } from './run-process.ts';

export interface RunningService {
  readonly url: string;
  readonly databaseUrl: string;
  /** Under the in-process bus one and the same for all. */
  readonly process: ProcessOfTheShop;
}

export interface Shop extends Readonly<Record<ServiceName, RunningService>> {
  /** Undefined under the in-process bus. */
  readonly natsUrl: string | undefined;
  /** Of the in-process bus alone. */
  readonly eventsDatabaseUrl: string | undefined;
  readonly processes: readonly ProcessOfTheShop[];
  stop(): Promise<void>;
}

export interface ShopOptions {
  /** `jetstream`: NATS, and a process for each service. `in-process`: one process and no NATS. */
  readonly eventBus: 'jetstream' | 'in-process';
  /** Listen at the ports of the list where they are free. */
  readonly usualPorts?: boolean;
}

/** Postgres, the bus, and the services on private servers, in a private folder that `stop` removes. */
export async function startShop({ eventBus, usualPorts = false }: ShopOptions): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const stops: (() => Promise<void>)[] = [() => rm(folder, { recursive: true, force: true })];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false });
    stops.push(() => postgres.stop());
    const database = async (name: string) => {
      await createDatabaseIfMissing(postgres.url(`shop_${name}`));
      return postgres.url(`shop_${name}`);
    };
    const { natsUrl, eventsDatabaseUrl } = await startBus();
    const places = await Promise.all(SHOP_SERVICES.map(placeOf));
    const env = {
      EVENT_BUS: eventBus,
      ...(natsUrl !== undefined && { NATS_URL: natsUrl }),
      ...(eventsDatabaseUrl !== undefined && { EVENTS_DATABASE_URL: eventsDatabaseUrl }),
      ...Object.assign({}, ...places.map(({ variables }) => variables)),
    };
    const groups = eventBus === 'in-process' ? [SERVICE_NAMES] : SERVICE_NAMES.map((name) => [name]);
    const processes = await Promise.all(
      groups.map(async (names) => {
        const urls = places.filter(({ name }) => names.includes(name)).map(({ url }) => url);
        const one = await runProcess({ names, urls, env, folder });
        stops.push(() => one.stop());
        return one;
      }),
    );
    const services = places.map(({ name, url, databaseUrl }) => {
      const process = processes.find(({ names }) => names.includes(name))!;
      return [name, { url, databaseUrl, process } satisfies RunningService] as const;
    });
    const byName = Object.fromEntries(services) as Record<ServiceName, RunningService>;
    return { ...byName, natsUrl, eventsDatabaseUrl, processes, stop };

    async function startBus() {
      if (eventBus === 'in-process') return { natsUrl: undefined, eventsDatabaseUrl: await database('events') };
      const nats = await startNats({ dataFolder: join(folder, 'nats') });
      stops.push(() => nats.stop());
      return { natsUrl: nats.url, eventsDatabaseUrl: undefined };
    }

    async function placeOf({ name, port: usual }: (typeof SHOP_SERVICES)[number]) {
      const port = usualPorts && (await isPortFree(usual)) ? usual : await freePort();
      const databaseUrl = await database(name);
      const its = variablesOf(name);
      const variables = { [its.databaseUrl]: databaseUrl, [its.port]: String(port) };
      return { name, url: `http://127.0.0.1:${port}`, databaseUrl, variables };
    }
  } catch (error) {
    await stop();
    throw error;
  }
}
