import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProcessOfTheShop } from './start/run-process.ts';
import { type Shop, startShop } from './start/start-shop.ts';
import { ADDRESS, ask, visit } from './testing/ask.ts';
import { isSettled } from './testing/is-settled.ts';
import { query } from './testing/query.ts';

/** The whole of it: SHOP_ORDERS=1000 SHOP_KILLS=10. */
const ORDERS = Number(process.env.SHOP_ORDERS ?? 200);
const KILLS_OF_EACH = Number(process.env.SHOP_KILLS ?? 3);
const CUSTOMERS = 8;
const WITHIN_MS = 60_000 + ORDERS * 200;

describe.each(['jetstream', 'in-process'] as const)('over %s', (eventBus) => {
  let shop: Shop;
  let products: string[];
  const stocked = [100_000, 100_000, ORDERS / 4];
  beforeAll(async () => {
    shop = await startShop({ eventBus });
    const keeper = visit(shop);
    products = await Promise.all(stocked.map((_, at) => keeper.createProduct(`苹果 ${at}`)));
    for (const [at, product] of products.entries()) await keeper.increase(product, stocked[at]!);
  });
  afterAll(() => shop?.stop());

  test(`${ORDERS} orders, and each service killed at ${KILLS_OF_EACH} random moments: all count once`, {
    timeout: 2 * WITHIN_MS,
  }, async () => {
    const acknowledged: string[] = [];
    let placed = 0;
    const customers = Array.from({ length: CUSTOMERS }, async () => {
      while (placed < ORDERS) {
        placed += 1;
        acknowledged.push(await placeOrder(shop, products));
      }
    });
    const killers = shop.processes.map((process) => killAtRandom(process, () => placed));
    await Promise.all([...customers, ...killers]);
    await eventually('all is settled', () => isSettled(shop), { withinMs: WITHIN_MS, everyMs: 200 });

    const orders = await query(shop.order.databaseUrl, 'SELECT id, status, address, refund, items FROM orders');
    // One whose answer was lost with its service may be there as well.
    expect(orders.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged));
    expect(orders.some(({ status }) => status === 'CANCELLED')).toBe(true);

    const listed = await query(shop.order.databaseUrl, 'SELECT id, status, address, refund FROM order_summary');
    const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1);
    const inShort = orders.map(({ id, status, address, refund }) => ({ id, status, address, refund }));
    expect(listed.sort(byId)).toEqual(inShort.sort(byId));

    const remains = products.map((product, at) => stocked[at]! - sold(orders, product));
    expect(await stockOf(shop, products)).toEqual({ inventory: remains, product: remains });
    expect(remains.every((each) => each >= 0)).toBe(true);
  });
});

/** One in two is given another address and paid; what is refused meanwhile, as a cancelled one's payment, is. */
async function placeOrder(shop: Shop, products: readonly string[]): Promise<string> {
  const productId = products[randomInt(products.length)];
  const order = { items: [{ productId, count: randomInt(1, 4), itemPrice: 10 }], address: ADDRESS };
  const { id } = (await insist(() => ask('POST', `${shop.order.url}/orders`, order))).body;
  if (randomInt(2) === 0) {
    const url = `${shop.order.url}/orders/${id}`;
    await insist(() => ask('PUT', `${url}/address`, { ...ADDRESS, detail: `${id}` }));
    await insist(() => ask('POST', `${url}/pay`, { paidPrice: order.items[0]!.count * 10 }));
  }
  return id;
}

/** A service that is killed answers nobody; when it runs again it does. */
async function insist(asking: () => ReturnType<typeof ask>): ReturnType<typeof ask> {
  return eventually('the service answers', async () => {
    const answered = await asking();
    return answered.status < 500 && answered;
  });
}

async function killAtRandom(process: ProcessOfTheShop, placed: () => number): Promise<void> {
  const moments = Array.from({ length: KILLS_OF_EACH }, () => randomInt(ORDERS)).sort((one, other) => one - other);
  for (const moment of moments) {
    await eventually(`${moment} orders are placed`, () => placed() >= moment, { withinMs: WITHIN_MS, everyMs: 5 });
    await pause(randomInt(50));
    await process.kill();
    await process.start();
  }
}

interface Sold {
  readonly status: string;
  readonly items: readonly { readonly productId: string; readonly count: number }[];
}

function sold(orders: readonly Sold[], product: string): number {
  const items = orders.filter(({ status }) => status !== 'CANCELLED').flatMap((order) => order.items);
  return items.filter(({ productId }) => productId === product).reduce((sum, { count }) => sum + count, 0);
}

async function stockOf(shop: Shop, products: readonly string[]) {
  const customer = visit(shop);
  const inventory = await Promise.all(products.map(async (id) => (await customer.inventory(id)).remains));
  const product = await Promise.all(products.map(async (id) => (await customer.product(id)).stock));
  return { inventory, product };
}
