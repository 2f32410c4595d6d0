import { connectBroker, deliverEvents, eventRoutes, type Log, startBusOfThisProcess } from '@kith/event-delivery';
import { sendJson } from '@kith/event-delivery/json-over-http';
import pg from 'pg';
import { serveHttp } from '../http/serve-http.ts';
import type { ShopService } from '../service/shop-service.ts';
import { createTables } from './create-tables.ts';
import type { ShopConfig } from './shop-config.ts';
import { SHOP_SERVICES } from './shop-services.ts';

type Stop = () => Promise<void> | void;

/**
 * Runs the configured services in this process: one of them, or, over the bus inside the process, all. Resolves when
 * they answer and deliver; `stop` finishes what is in hand.
 */
export async function runServices(config: ShopConfig, log: Log): Promise<{ stop(): Promise<void> }> {
  const stops: Stop[] = [];
  const stop = async () => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    if (config.eventsDatabaseUrl !== undefined) {
      const pool = openPool(config.eventsDatabaseUrl, log, stops);
      const bus = await startBusOfThisProcess({ pool, log });
      stops.push(() => bus.stop());
    }
    for (const service of SHOP_SERVICES) {
      if (config.services.has(service.name)) await runService(service, config, log, stops);
    }
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runService(service: ShopService, config: ShopConfig, log: Log, stops: Stop[]): Promise<void> {
  const { name, source, stream, tables } = service;
  const place = config.services.get(name);
  if (!place) throw new Error(`Nobody has said where ${name} is.`);
  const { databaseUrl, port } = place;
  const { host, eventBus, natsUrl, natsCredentials, productUrl } = config;
  const pool = openPool(databaseUrl, log, stops);
  await createTables(pool, tables);
  const broker = await connectBroker({ eventBus, natsUrl, natsCredentials, name, log });
  stops.push(() => broker.close());
  const { routes, consumers, ...opened } = service.open({ pool, log, productUrl });
  stops.push(() => opened.stop?.());
  // Before events are delivered: requests are answered while the broker is away.
  const server = await serveHttp({
    host,
    port,
    routes,
    log,
    operator: {
      // Status, dead letters and republishing for the operator. Behind a key, in a service that is not an example.
      ...eventRoutes({ pool, broker: () => broker, source, streams: [stream] }),
      'GET /ready': async (_request, response) => {
        await pool.query('SELECT');
        sendJson(response, 200, { ready: true });
      },
    },
  });
  stops.push(() => server.stop());
  log.info({ url: server.url }, `${name} listens`);
  const delivering = await deliverEvents({ pool, broker, source, stream, consumers, log });
  stops.push(() => delivering.stop());
}

function openPool(connectionString: string, log: Log, stops: Stop[]): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 16, connectionTimeoutMillis: 5_000 });
  pool.on('error', (error) => log.warn({ error: String(error) }, 'an idle connection broke'));
  stops.push(() => pool.end());
  return pool;
}
