import { once } from 'node:events';
import { createServer } from 'node:http';
import type { EventBroker } from '@kith/event-delivery';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { productCreated } from './contracts/product-events.ts';
import { newId } from './rules/moment.ts';
import { type Shop, startShop } from './start/start-shop.ts';
import { ask, visit } from './testing/ask.ts';
import { isSettled } from './testing/is-settled.ts';
import { openBroker, publish } from './testing/open-broker.ts';
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

const deadEvents = async () => (await ask('GET', `${shop.inventory.url}/operator/events/status`)).body.dead.total;

/** In the product service's place, until `stop`: answers each question alike, and counts them. */
async function answerInItsPlace(status: number, body: string) {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  }).listen(Number(new URL(shop.product.url).port), '127.0.0.1');
  await once(server, 'listening');
  async function stop(): Promise<void> {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  }
  return { asked: () => asked, stop };
}

test('told that a product has changed, the inventory asks the product service for the rest', async () => {
  const id = await customer.createProduct('苹果', 9.9);
  const isDescribed = async () => (await customer.inventory(id)).productDescription !== null;
  await eventually('it is described', isDescribed);
  expect(await customer.inventory(id)).toMatchObject({ productDescription: '原生态的苹果', productPrice: 9.9 });
  // The event of a new name says nothing of the description: it is asked for again.
  await query(shop.product.databaseUrl, "UPDATE product SET description = '脆' WHERE id = $1", [id]);
  await customer.rename(id, '红苹果');
  await eventually('it was asked for', async () => (await customer.inventory(id)).productDescription === '脆');
});

test.each([
  ['is overloaded', 503, '{}'],
  ['has not got the change yet', 200, '{"version":0,"description":"old","price":1}'],
])('a source that %s is waited for, longer than any event is tried, and nothing is dead', async (_, status, body) => {
  const product = shop.processes.find(({ names }) => names.includes('product'))!;
  await product.stop();
  const inItsPlace = await answerInItsPlace(status, body);
  const id = newId();
  const insert = "INSERT INTO product VALUES ($1, 1, '苹果', '脆', 10, now())";
  await query(shop.product.databaseUrl, insert, [id]);
  await publish(broker, productCreated, {
    ownerId: id,
    revision: 1,
    data: { name: '苹果', description: '', price: 1 },
  });
  // Of a fault there would be 8 tries.
  await eventually('it has asked 9 times', () => inItsPlace.asked() >= 9, { withinMs: 60_000 });
  // What is copied does not wait for the source.
  expect(await customer.increase(id, 3)).toMatchObject({ productName: '苹果', productDescription: null, remains: 3 });
  expect(await deadEvents()).toBe(0);

  await inItsPlace.stop();
  await product.start();
  await eventually('it is described', async () => (await customer.inventory(id)).productDescription === '脆');
  await eventually('all is settled', () => isSettled(shop));
});
