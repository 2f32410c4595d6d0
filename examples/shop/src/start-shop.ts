import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabaseIfMissing, eventually, freePort, startNats, startPostgres } from '@kith/local-servers';

export interface Shop {
  readonly orders: RunningService;
  readonly products: RunningService;
  readonly inventory: RunningService;
  stop(): Promise<void>;
}

export interface RunningService {
  readonly url: string;
  /** SIGKILL, in the middle of whatever it does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

/** Postgres, NATS and the three services as processes of their own, in a private folder that `stop` removes. */
export async function startShop(): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'shop-'));
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataFolder: join(folder, 'postgres'), durable: false }),
    startNats({ dataFolder: join(folder, 'nats') }),
  ]);
  const services: (RunningService & { stop(): Promise<void> })[] = [];
  const run = async (name: string) => {
    await createDatabaseIfMissing(postgres.url(`shop_${name}`));
    const service = await runProcess(name, { DATABASE_URL: postgres.url(`shop_${name}`), NATS_URL: nats.url });
    services.push(service);
    return service;
  };
  const [orders, products, inventory] = await Promise.all([run('orders'), run('products'), run('inventory')]);
  return {
    orders,
    products,
    inventory,
    async stop() {
      await Promise.all(services.map((service) => service.stop()));
      await nats.stop();
      await postgres.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function runProcess(name: string, env: Record<string, string>) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const program = fileURLToPath(new URL(`./${name}/${name}.ts`, import.meta.url));
  let child: ChildProcess;
  const end = async (signal: 'SIGTERM' | 'SIGKILL') => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null && child.kill(signal)) await ended;
  };
  const start = async () => {
    child = spawn(process.execPath, [program], {
      env: { ...process.env, ...env, PORT: String(port) },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await eventually(`${name} answers`, async () => (await fetch(`${url}/operator/events/status`)).ok, {
      withinMs: 30_000,
    });
  };
  await start();
  return { url, start, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

if (import.meta.main) {
  const shop = await startShop();
  process.stdout.write(`
The shop runs. Ctrl-C stops it. Try:

  curl -X PUT  ${shop.products.url}/products/tea -d '{"name":"Green tea"}'
  curl -X POST ${shop.inventory.url}/stock/tea -d '{"by":100}'
  curl -X POST ${shop.orders.url}/orders -d '{"productId":"tea","quantity":3}'
  curl ${shop.products.url}/products/tea       # the stock, copied
  curl ${shop.inventory.url}/stock/tea         # the name, copied
  curl ${shop.orders.url}/operator/events/status
`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void shop.stop().then(() => process.exit(0)));
  }
}
