import { randomUUID } from 'node:crypto';
import type { EventBroker } from '@kith/event-delivery';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { INVENTORIES, inventoryChanged, stockRefused } from './contracts/inventory-events.ts';
import { ORDERS, orderAddressChanged, orderCreated, orderPaid } from './contracts/order-events.ts';
import { productCreated, productNameUpdated } from './contracts/product-events.ts';
import { newId } from './rules/moment.ts';
import { type Shop, startShop } from './start/start-shop.ts';
import { ADDRESS, ask, visit } from './testing/ask.ts';
import { openBroker, publish, publishAgain } from './testing/open-broker.ts';
import { query } from './testing/query.ts';

let shop: Shop;
let customer: ReturnType<typeof visit>;
let broker: EventBroker;
beforeAll(async () => {
  shop = await startShop({ eventBus: 'jetstream' });
  customer = visit(shop);
  broker = await openBroker(shop);
});
afterAll(async () => {
  await broker?.close();
  await shop?.stop();
});

/** All that was published to this consumer before is handled: what comes after it in the stream is. */
async function caughtUp(durable: string): Promise<void> {
  await eventually(`${durable} has caught up`, async () => {
    const { consumers } = await broker.status();
    const its = consumers.find((each) => each.durable === durable);
    return its && its.lag === 0 && its.unacked === 0;
  });
}

async function deadLetters(owner: string): Promise<{ consumer: string; revision: number; reason: string }[]> {
  const response = await fetch(`${shop.order.url}/operator/events/dead?owner=${owner}`);
  return (await response.text())
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function redrive(owner: string): Promise<void> {
  await fetch(`${shop.order.url}/operator/events/dead/redrive`, {
    method: 'POST',
    body: JSON.stringify({ ownerId: owner }),
  });
}

test('an order whose events come five times more takes its stock once, and is cancelled once', async () => {
  const [product, scarce] = [await customer.createProduct(), await customer.createProduct('scarce')];
  await customer.increase(product, 10);
  await customer.increase(scarce, 1);
  const [taken, refused] = [await customer.placeOrder(product, 2), await customer.placeOrder(scarce, 2)];
  await eventually('the stock is taken', async () => (await customer.inventory(product)).remains === 8);
  await eventually('the other is cancelled', async () => (await customer.order(refused)).status === 'CANCELLED');

  expect(await publishAgain(broker, { stream: ORDERS, owner: taken, times: 5 })).toBe(5);
  // Created and cancelled; and that it was refused.
  expect(await publishAgain(broker, { stream: ORDERS, owner: refused, times: 5 })).toBe(10);
  expect(await publishAgain(broker, { stream: INVENTORIES, owner: refused, times: 5 })).toBe(5);
  for (const durable of ['inventory-take-stock', 'order-summary', 'order-cancel-out-of-stock']) await caughtUp(durable);

  expect((await customer.inventory(product)).remains).toBe(8);
  expect((await customer.inventory(scarce)).remains).toBe(1);
  const told = 'SELECT count(*)::int AS events FROM outbox WHERE owner_id = $1';
  expect(await query(shop.order.databaseUrl, told, [refused])).toEqual([{ events: 2 }]);
  expect(await query(shop.inventory.databaseUrl, told, [refused])).toEqual([{ events: 1 }]);
  expect(await customer.listed(taken)).toMatchObject({ status: 'CREATED', itemCount: 2 });
  expect(await customer.listed(refused)).toMatchObject({ status: 'CANCELLED' });
});

test('the stock that comes before its product is kept, and shown with it', async () => {
  const product = randomUUID();
  await publish(broker, inventoryChanged, { ownerId: product, revision: 2, data: { remains: 7 } });
  await publish(broker, inventoryChanged, { ownerId: product, revision: 1, data: { remains: 9 } });
  await caughtUp('product-copy-stock');
  const insert = "INSERT INTO product VALUES ($1, 1, '苹果', '', 10, now())";
  await query(shop.product.databaseUrl, insert, [product]);
  expect((await customer.product(product)).stock).toBe(7);
});

test('the new name that comes before its product makes the inventory, and the old one does not come back', async () => {
  const product = newId();
  const renamed = { ownerId: product, revision: 2, data: { oldName: '苹果', newName: '红苹果' } };
  await publish(broker, productNameUpdated, renamed);
  expect(await customer.inventory(product)).toMatchObject({ productName: '红苹果', formerName: '苹果', remains: 0 });
  await publish(broker, productCreated, {
    ownerId: product,
    revision: 1,
    data: { name: '苹果', description: '', price: 10 },
  });
  await caughtUp('inventory-follow-product');
  await customer.increase(product, 3);
  expect(await customer.inventory(product)).toMatchObject({ productName: '红苹果', formerName: '苹果', remains: 3 });
});

test('what happened to an order before it is listed is kept, and listed with it', async () => {
  const order = newId();
  const newAddress = { ...ADDRESS, detail: '高新区' };
  await publish(broker, orderPaid, { ownerId: order, revision: 3, data: { paidPrice: 20 } });
  const changed = { ownerId: order, revision: 2, data: { oldAddress: ADDRESS, newAddress } };
  await publish(broker, orderAddressChanged, changed);
  await caughtUp('order-summary');
  expect(await customer.listed(order)).toBeUndefined();
  const items = [{ productId: newId(), count: 2, itemPrice: 10 }];
  const data = { items, totalPrice: 20, address: ADDRESS };
  await publish(broker, orderCreated, { ownerId: order, revision: 1, data });
  const listed = await eventually('it is listed', () => customer.listed(order));
  expect(listed).toMatchObject({ status: 'PAID', address: newAddress, totalPrice: 20, itemCount: 2 });
});

test('an event that the list cannot take keeps its order waiting and no other, and goes first after the mend', async () => {
  const product = await customer.createProduct();
  await customer.increase(product, 10);
  const { databaseUrl } = shop.order;
  await query(
    databaseUrl,
    `CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
       IF NEW.address->>'detail' = 'poison' THEN RAISE EXCEPTION 'poison'; END IF;
       RETURN NEW;
     END $$;
     CREATE TRIGGER poison BEFORE INSERT OR UPDATE ON order_summary FOR EACH ROW EXECUTE FUNCTION poison()`,
  );
  const items = [{ productId: product, count: 1, itemPrice: 10 }];
  const address = { ...ADDRESS, detail: 'poison' };
  const { body: poisoned } = await ask('POST', `${shop.order.url}/orders`, { items, address });
  await customer.changeAddress(poisoned.id, ADDRESS);
  await customer.pay(poisoned.id, 10);
  const other = await customer.placeOrder(product, 1);
  await eventually('the other is listed', () => customer.listed(other));
  const letters = await eventually('all three wait', async () => {
    const found = await deadLetters(poisoned.id);
    return found.length === 3 && found;
  });
  expect(letters.map(({ consumer, revision }) => [consumer, revision])).toEqual([
    ['order-summary', 1],
    ['order-summary', 2],
    ['order-summary', 3],
  ]);
  expect(letters.slice(1).map(({ reason }) => reason)).toEqual(['HELD_BEHIND', 'HELD_BEHIND']);
  // The inventory is another consumer: to it the order is like any other.
  await eventually('its stock is taken', async () => (await customer.inventory(product)).remains === 8);
  await customer.pay(other, 10);
  await eventually('the other goes on', async () => (await customer.listed(other)).status === 'PAID');
  expect(await query(databaseUrl, 'SELECT FROM order_summary WHERE id = $1', [poisoned.id])).toEqual([]);

  await query(databaseUrl, 'DROP TRIGGER poison ON order_summary');
  await redrive(poisoned.id);
  await eventually('it is listed as paid', async () => (await customer.listed(poisoned.id))?.status === 'PAID');
  expect(await customer.listed(poisoned.id)).toMatchObject({ address: ADDRESS, totalPrice: 10 });
  await eventually('nothing is dead', async () => (await deadLetters(poisoned.id)).length === 0);
});

test('a copy passes by what it cannot take, for the next event says more; redriven, the old one changes nothing', async () => {
  const product = await customer.createProduct();
  const { databaseUrl } = shop.product;
  await query(databaseUrl, 'ALTER TABLE stock_copy ADD CONSTRAINT poison CHECK (remains <> 7) NOT VALID');
  await customer.increase(product, 7);
  await eventually('it is dead', async () => (await deadLetters(product)).length === 1);
  await customer.increase(product, 2);
  await eventually('the product shows 9', async () => (await customer.product(product)).stock === 9);
  await query(databaseUrl, 'ALTER TABLE stock_copy DROP CONSTRAINT poison');
  await redrive(product);
  await eventually('nothing is dead', async () => (await deadLetters(product)).length === 0);
  expect((await customer.product(product)).stock).toBe(9);
});

test('what cannot be done to an order that is not there is a dead letter, and not forgotten', async () => {
  const order = newId();
  const short = [{ productId: newId(), wanted: 1, remains: 0 }];
  await publish(broker, stockRefused, { ownerId: order, revision: 1, data: { short } });
  const [letter] = await eventually('it is dead', async () => {
    const letters = await deadLetters(order);
    return letters.length > 0 && letters;
  });
  expect(letter).toMatchObject({ consumer: 'order-cancel-out-of-stock', revision: 1 });
});
