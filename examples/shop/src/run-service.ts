import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { connectBroker, deliverEvents, type EventBroker, eventRoutes, type Log } from '@kith/event-delivery';
import pg from 'pg';

export type Answer = (input: { id: string; body: Record<string, unknown> }) => Promise<unknown>;

export interface Service {
  readonly name: 'orders' | 'products' | 'inventory';
  readonly tables: URL;
  /** What it publishes and consumes, and its routes: `'POST /orders'`, `'GET /orders/:id'`. */
  open(pool: pg.Pool): {
    delivery: Pick<Parameters<typeof deliverEvents>[0], 'source' | 'stream' | 'consumers'>;
    routes: Readonly<Record<string, Answer>>;
  };
}

const say = (level: string) => (fields: object, message: string) =>
  process.stderr.write(`${JSON.stringify({ level, message, ...fields })}\n`);
const log: Log = { debug: () => undefined, info: say('info'), warn: say('warn'), error: say('error') };

/** Runs one service as a process: DATABASE_URL, NATS_URL and PORT. Ends on SIGTERM, when what is in hand is finished. */
export async function runService(service: Service): Promise<void> {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL });
  pool.on('error', (error) => log.warn({ error: String(error) }, 'an idle connection broke'));
  await createTables(pool, service.tables);
  const broker = await connectBroker({
    eventBus: 'jetstream',
    natsUrl: process.env.NATS_URL ?? 'nats://127.0.0.1:4222',
    name: service.name,
    log,
  });
  const { delivery, routes } = service.open(pool);
  const delivering = await deliverEvents({ pool, broker, log, ...delivery });
  const server = serve(routes, pool, broker, delivery);
  process.once('SIGTERM', async () => {
    server.close();
    await delivering.stop();
    await broker.close();
    await pool.end();
    process.exit(0);
  });
}

/** A real service has migrations; the toolkit's tables go into one of them. */
async function createTables(pool: pg.Pool, own: URL): Promise<void> {
  const { rows } = await pool.query("SELECT to_regclass('outbox') AS outbox");
  if (rows[0].outbox) return;
  const events = fileURLToPath(import.meta.resolve('@kith/event-delivery/event-tables.sql'));
  await pool.query(`BEGIN; ${await readFile(events, 'utf8')}; ${await readFile(own, 'utf8')}; COMMIT`);
}

function serve(
  routes: Readonly<Record<string, Answer>>,
  pool: pg.Pool,
  broker: EventBroker,
  { source, stream }: { source: string; stream: { name: string; subjects: readonly string[] } },
) {
  // Status, dead letters and republishing for the operator. Behind a key, in a service that is not an example.
  const operator = eventRoutes({ pool, broker: () => broker, source, streams: [stream] });
  const server = createServer(async (request, response) => {
    const path = `${request.method} ${request.url?.split('?')[0]}`;
    const [, resource = '', id = ''] = (request.url ?? '').split('/');
    const route = routes[`${request.method} /${resource}${id === '' ? '' : '/:id'}`];
    try {
      if (operator[path]) return await operator[path](request, response);
      if (!route) return void response.writeHead(404).end();
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const answer = await route({ id, body: JSON.parse(Buffer.concat(chunks).toString() || '{}') });
      response.writeHead(answer === undefined ? 404 : 200).end(JSON.stringify(answer));
    } catch (error) {
      response.writeHead(500).end(JSON.stringify({ error: String(error) }));
    }
  });
  return server.listen(Number(process.env.PORT), '127.0.0.1');
}
