import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Shop, startShop } from './start/start-shop.ts';
import { ADDRESS, ask, visit } from './testing/ask.ts';
import { isSettled } from './testing/is-settled.ts';
import { query } from './testing/query.ts';

let shop: Shop;
let customer: ReturnType<typeof visit>;
beforeAll(async () => {
  shop = await startShop({ eventBus: 'in-process' });
  customer = visit(shop);
});
afterAll(() => shop?.stop());

const list = async () => (await ask('GET', `${shop.order.url}/orders?limit=100`)).body;
const rebuild = () => ask('POST', `${shop.order.url}/operator/orders/rebuild`, {});
const settled = () => eventually('all is settled', () => isSettled(shop));
const sql = (statement: string, values: unknown[] = []) => query(shop.order.databaseUrl, statement, values);

/** One that is paid, one that has moved, one that is cancelled. */
async function placeOrders(): Promise<{ paid: string; moved: string; cancelled: string }> {
  const product = await customer.createProduct();
  await customer.increase(product, 10);
  const [paid, moved, cancelled] = [
    await customer.placeOrder(product, 1),
    await customer.placeOrder(product, 2),
    await customer.placeOrder(product, 100),
  ];
  await customer.pay(paid, 10);
  await customer.changeAddress(moved, { ...ADDRESS, detail: '高新区' });
  await settled();
  return { paid, moved, cancelled };
}

test('a list that is lost, or wrong, is made anew from what its inbox has kept, and says the same', async () => {
  const { paid, cancelled } = await placeOrders();
  const before = await list();
  expect(before.items).toHaveLength(3);

  await sql('TRUNCATE order_summary');
  expect((await list()).items).toEqual([]);
  expect((await rebuild()).body).toEqual({ replayed: 6 });
  expect(await list()).toEqual(before);

  await sql("UPDATE order_summary SET status = 'CREATED', total_price = 1, status_revision = 99 WHERE id = $1", [paid]);
  expect(await list()).not.toEqual(before);
  await rebuild();
  expect(await list()).toEqual(before);

  // What happens next goes on from there.
  const next = await customer.placeOrder(await customer.createProduct(), 1);
  await eventually('it is cancelled', async () => (await customer.listed(next))?.status === 'CANCELLED');
  expect(await customer.listed(cancelled)).toMatchObject({ status: 'CANCELLED' });
});

test('an order whose beginning the inbox has forgotten stays as it is listed', async () => {
  const { paid } = await placeOrders();
  const before = await list();
  const forget = "DELETE FROM inbox WHERE envelope::jsonb ->> 'subject' = $1 AND envelope::jsonb ->> 'revision' = '1'";
  await sql(forget, [paid]);
  await rebuild();
  expect(await list()).toEqual(before);
});

test('one event that cannot be applied leaves the whole list as it is', async () => {
  const { moved } = await placeOrders();
  const before = await list();
  await sql(`ALTER TABLE order_summary ADD CONSTRAINT broken CHECK (id <> '${moved}') NOT VALID`);
  expect((await rebuild()).status).toBe(500);
  expect(await list()).toEqual(before);
  await sql('ALTER TABLE order_summary DROP CONSTRAINT broken');
});

test('orders that are placed and changed meanwhile are all in the new list, and two rebuilds at once are one by one', async () => {
  const product = await customer.createProduct();
  await customer.increase(product, 1_000);
  let rebuilt = 0;
  let isOver = false;
  const rebuilding = [1, 2].map(async () => {
    while (!isOver) {
      expect((await rebuild()).status).toBe(200);
      rebuilt += 1;
    }
  });
  const placed: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    const id = await customer.placeOrder(product, 1);
    await customer.pay(id, 10);
    placed.push(id);
  }
  await eventually('it was rebuilt meanwhile', () => rebuilt > 2);
  isOver = true;
  await Promise.all(rebuilding);
  await settled();
  for (const id of placed) expect(await customer.listed(id)).toMatchObject({ id, status: 'PAID', totalPrice: 10 });
});
