import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Shop, startShop } from './start-shop.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.stop());

// biome-ignore lint/suspicious/noExplicitAny: tests read what they asked for.
async function ask(method: string, url: string, body?: object): Promise<any> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}
const nameProduct = (id: string, name: string) => ask('PUT', `${shop.products.url}/products/${id}`, { name });
const addStock = (id: string, by: number) => ask('POST', `${shop.inventory.url}/stock/${id}`, { by });
const order = (productId: string, quantity: number) =>
  ask('POST', `${shop.orders.url}/orders`, { productId, quantity });
const product = (id: string) => ask('GET', `${shop.products.url}/products/${id}`);
const stock = (id: string) => ask('GET', `${shop.inventory.url}/stock/${id}`);

test('an order decreases the stock, and the product shows it', async () => {
  await nameProduct('tea', 'Green tea');
  await addStock('tea', 100);
  await order('tea', 3);
  await eventually('the stock is 97', async () => (await stock('tea'))?.quantity === 97);
  await eventually('the product shows 97', async () => (await product('tea'))?.stock === 97);
});

test('a renamed product is renamed in the inventory', async () => {
  await nameProduct('cup', 'Cup');
  await nameProduct('cup', 'Tea cup');
  await eventually('the copy is renamed', async () => (await stock('cup'))?.name === 'Tea cup');
});

test('every order counts once, although the inventory is killed again and again', async () => {
  await nameProduct('cake', 'Cake');
  await addStock('cake', 1_000);
  let ordering = true;
  const ordered = (async () => {
    let count = 0;
    while (ordering) {
      await order('cake', 1);
      count += 1;
    }
    return count;
  })();
  for (let round = 0; round < 3; round += 1) {
    const before = (await stock('cake')).quantity;
    await eventually('orders are being handled', async () => (await stock('cake')).quantity < before);
    await shop.inventory.kill();
    await shop.inventory.start();
  }
  ordering = false;
  const left = 1_000 - (await ordered);
  await eventually('all orders are handled', async () => (await stock('cake')).quantity === left);
  await eventually('the product shows it', async () => (await product('cake')).stock === left);
  const { dead } = await ask('GET', `${shop.inventory.url}/operator/events/status`);
  expect(dead).toEqual({ total: 0, byReason: {} });
});
