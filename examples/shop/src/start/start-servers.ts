import { join } from 'node:path';
import { createDatabaseIfMissing, startNats, startPostgres } from '@kith/local-servers';

export interface Servers {
  readonly eventBus: 'jetstream' | 'in-process';
  /** Undefined under the in-process bus. */
  readonly natsUrl: string | undefined;
  /** Of the in-process bus alone. */
  readonly eventsDatabaseUrl: string | undefined;
  /** Creates a service's database, and answers where it is. */
  database(name: string): Promise<string>;
}

/** Postgres, and NATS where the bus is that one, with their data in the folder; their stops are added to `stops`. */
export async function startServers(options: {
  readonly eventBus: Servers['eventBus'];
  readonly folder: string;
  readonly stops: (() => Promise<void>)[];
}): Promise<Servers> {
  const { eventBus, folder, stops } = options;
  const postgres = await startPostgres({ dataFolder: join(folder, 'postgres'), durable: false });
  stops.push(() => postgres.stop());
  const database = async (name: string) => {
    await createDatabaseIfMissing(postgres.url(`shop_${name}`));
    return postgres.url(`shop_${name}`);
  };
  if (eventBus === 'in-process') {
    return { eventBus, natsUrl: undefined, eventsDatabaseUrl: await database('events'), database };
  }
  const nats = await startNats({ dataFolder: join(folder, 'nats') });
  stops.push(() => nats.stop());
  return { eventBus, natsUrl: nats.url, eventsDatabaseUrl: undefined, database };
}
