import { connect } from 'node:net';
import { eventually } from '@kith/local-servers';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SERVICE_NAMES } from './run/shop-services.ts';
import { type Shop, startShop } from './start/start-shop.ts';
import { ADDRESS, ask, visit } from './testing/ask.ts';

const NOBODYS = '018f0000-0000-7000-8000-000000000000';

let shop: Shop;
let product: string;
let order: string;
beforeAll(async () => {
  shop = await startShop({ eventBus: 'in-process' });
  product = await visit(shop).createProduct();
  await visit(shop).increase(product, 5);
  order = await visit(shop).placeOrder(product, 1);
  // What is still under way would look like something that a refused request has written.
  await eventually('its stock is taken', async () => (await visit(shop).inventory(product)).remains === 4);
});
afterAll(() => shop?.stop());

/** How many rows each table has, but for what events bring about by themselves. */
async function written(): Promise<string> {
  const counts = SERVICE_NAMES.map(async (name) => {
    const client = new pg.Client({ connectionString: shop[name].databaseUrl });
    await client.connect();
    const table = { order: 'orders', product: 'product', inventory: 'inventory' }[name];
    const { rows } = await client.query(
      `SELECT (SELECT json_agg(t ORDER BY t::text) FROM ${table} t) AS state, (SELECT count(*) FROM outbox) AS events`,
    );
    await client.end();
    return rows[0];
  });
  return JSON.stringify(await Promise.all(counts));
}

/** Refused with this status and code, and a sentence; and nothing is written. */
async function refused(asking: () => Promise<{ status: number; body: { code: string; message: string } }>) {
  const before = await written();
  const { status, body } = await asking();
  expect(body.message).toMatch(/^\S.{8,}$/);
  expect(await written()).toBe(before);
  return [status, body.code];
}

const anOrder = (change: object = {}) => ({
  items: [{ productId: product, count: 1, itemPrice: 10 }],
  address: ADDRESS,
  ...change,
});
const ofItem = (change: object) => () =>
  anOrder({ items: [{ productId: product, count: 1, itemPrice: 10, ...change }] });
const withCount = (text: string) => () => JSON.stringify(anOrder()).replace('"count":1', `"count":${text}`);
const aProduct = (change: object) => () => ({ name: '苹果', description: '', price: 1, ...change });

const ORDERS: [string, () => object | string, code?: string][] = [
  ...['-5', '0', '1.5', '"2"', '1e999', '-1e999', 'null', '[]', '100001', '1e21', '9007199254740993'].map(
    (count): [string, () => string] => [`a count of ${count}`, withCount(count)],
  ),
  ['a count of NaN', withCount('NaN'), 'BROKEN_JSON'],
  ['no count', ofItem({ count: undefined })],
  ['a negative price', ofItem({ itemPrice: -1 })],
  ['a price of three decimals', ofItem({ itemPrice: 0.001 })],
  ['a price in words', ofItem({ itemPrice: '10' })],
  ['an unknown product', ofItem({ productId: NOBODYS }), 'UNKNOWN_PRODUCT'],
  ...['a.b', 'a/b', '', '*', '>', 'a b', '\0', `${NOBODYS}\0`, `${NOBODYS}.`].map(
    (productId): [string, () => object] => [`a product ${JSON.stringify(productId)}`, ofItem({ productId })],
  ),
  ['a product that is a number', ofItem({ productId: 1 })],
  ['a field of an item that nobody knows', ofItem({ colour: 'red' })],
  ['the same product twice', () => anOrder({ items: [...anOrder().items, ...anOrder().items] })],
  ['no items', () => anOrder({ items: [] })],
  ['items that are none', () => anOrder({ items: 'all' })],
  ['101 items', () => anOrder({ items: Array(101).fill(anOrder().items[0]) })],
  ['no address', () => anOrder({ address: undefined })],
  ...(['province', 'city', 'detail'] as const).flatMap((part): [string, () => object][] => [
    [`an address without its ${part}`, () => anOrder({ address: { ...ADDRESS, [part]: undefined } })],
    [`an address with an empty ${part}`, () => anOrder({ address: { ...ADDRESS, [part]: ' ' } })],
    [`an address with a NUL in its ${part}`, () => anOrder({ address: { ...ADDRESS, [part]: 'a\0b' } })],
  ]),
  ['half a surrogate pair', () => anOrder({ address: { ...ADDRESS, detail: 'a\ud800' } })],
  ['an address that is too long', () => anOrder({ address: { ...ADDRESS, detail: '苹'.repeat(501) } })],
  ['a field of the address that nobody knows', () => anOrder({ address: { ...ADDRESS, zip: '1' } })],
  ['a field that nobody knows', () => anOrder({ status: 'PAID' })],
  ['a list', () => [anOrder()]],
  ['null', () => 'null'],
  ['nothing', () => '', 'BROKEN_JSON'],
  ['half of it', () => JSON.stringify(anOrder()).slice(0, -1), 'BROKEN_JSON'],
  ['two at once', () => JSON.stringify(anOrder()) + JSON.stringify(anOrder()), 'BROKEN_JSON'],
];

test.each(ORDERS)('an order with %s is a 400', async (_what, body, code = 'INVALID_INPUT') => {
  expect(await refused(() => ask('POST', `${shop.order.url}/orders`, body()))).toEqual([400, code]);
});

test('what is wrong is named by its field', async () => {
  const items = [...anOrder().items, { productId: NOBODYS, count: -5, itemPrice: 1 }];
  const { body } = await ask('POST', `${shop.order.url}/orders`, anOrder({ items }));
  expect(body).toEqual({
    code: 'INVALID_INPUT',
    field: 'items.1.count',
    message: 'items.1.count: must be a whole number from 1 to 100000',
  });
  const unknown = [...anOrder().items, { productId: NOBODYS, count: 5, itemPrice: 1 }];
  const { body: said } = await ask('POST', `${shop.order.url}/orders`, anOrder({ items: unknown }));
  expect(said).toMatchObject({ code: 'UNKNOWN_PRODUCT', field: 'items.1.productId' });
});

const OTHERS: [string, keyof Pick<Shop, 'order' | 'product' | 'inventory'>, () => string, () => object | string][] = [
  ['a product without a name', 'product', () => 'POST /products', aProduct({ name: '' })],
  ['a product of a negative price', 'product', () => 'POST /products', aProduct({ price: -0.01 })],
  ['a product without a price', 'product', () => 'POST /products', aProduct({ price: undefined })],
  ['a product with a NUL in its name', 'product', () => 'POST /products', aProduct({ name: 'a\0' })],
  ['a product with two lines in its name', 'product', () => 'POST /products', aProduct({ name: 'a\nb' })],
  ['a product with a NUL in its description', 'product', () => 'POST /products', aProduct({ description: '\0' })],
  ['a product with stock', 'product', () => 'POST /products', aProduct({ stock: 10 })],
  ['an empty new name', 'product', () => `PUT /products/${product}/name`, () => ({ newName: '  ' })],
  ['a new name under another', 'product', () => `PUT /products/${product}/name`, () => ({ name: 'a' })],
  ...(['-5', '0', '1.5', '"2"', '1e999', '1000000001', 'null'].map((by) => [
    `an increase by ${by}`,
    'inventory',
    () => `POST /inventories/${product}/increase`,
    () => `{"increaseNumber":${by}}`,
  ]) as [string, 'inventory', () => string, () => string][]),
  ['an empty increase', 'inventory', () => `POST /inventories/${product}/increase`, () => ({})],
  ['half an address', 'order', () => `PUT /orders/${order}/address`, () => ({ ...ADDRESS, city: undefined })],
  ['a payment of nothing', 'order', () => `POST /orders/${order}/pay`, () => ({})],
  ['a payment in words', 'order', () => `POST /orders/${order}/pay`, () => ({ paidPrice: '10' })],
  ['a negative payment', 'order', () => `POST /orders/${order}/pay`, () => ({ paidPrice: -10 })],
];

test.each(OTHERS)('%s is a 400', async (_what, service, where, body) => {
  const [method, path] = where().split(' ') as [string, string];
  expect(await refused(() => ask(method, shop[service].url + path, body()))).toEqual([400, 'INVALID_INPUT']);
});

const PATHS: [string, () => string, () => string, number, string][] = [
  ...['a.b', 'a%2Fb', '%00', `${NOBODYS}%00`, '%zz', '*', '%20', 'ORDER'].flatMap((id) =>
    (['order', 'product', 'inventory'] as const).map((name): [string, () => string, () => string, number, string] => [
      `${name} ${id}`,
      () => 'GET',
      () => `${shop[name].url}/${{ order: 'orders', product: 'products', inventory: 'inventories' }[name]}/${id}`,
      400,
      'INVALID_ID',
    ]),
  ),
  ['an order that is not there', () => 'GET', () => `${shop.order.url}/orders/${NOBODYS}`, 404, 'ORDER_NOT_FOUND'],
  [
    'a product that is not there',
    () => 'GET',
    () => `${shop.product.url}/products/${NOBODYS}`,
    404,
    'PRODUCT_NOT_FOUND',
  ],
  [
    'an inventory that is not there',
    () => 'GET',
    () => `${shop.inventory.url}/inventories/${NOBODYS}`,
    404,
    'INVENTORY_NOT_FOUND',
  ],
  ['an unknown path', () => 'GET', () => `${shop.order.url}/order`, 404, 'NOT_FOUND'],
  ['the root', () => 'GET', () => `${shop.order.url}/`, 404, 'NOT_FOUND'],
  ['an id with a slash', () => 'GET', () => `${shop.order.url}/orders/a/b`, 404, 'NOT_FOUND'],
  ['a wrong method', () => 'DELETE', () => `${shop.order.url}/orders/${order}`, 405, 'METHOD_NOT_ALLOWED'],
  ['a list that is put', () => 'PUT', () => `${shop.product.url}/products`, 405, 'METHOD_NOT_ALLOWED'],
  ['a page of 0', () => 'GET', () => `${shop.order.url}/orders?limit=0`, 400, 'INVALID_INPUT'],
  ['a page of 1000', () => 'GET', () => `${shop.order.url}/orders?limit=1000`, 400, 'INVALID_INPUT'],
  ['a page after nothing', () => 'GET', () => `${shop.order.url}/orders?after=x`, 400, 'INVALID_INPUT'],
  ['a parameter twice', () => 'GET', () => `${shop.order.url}/orders?limit=1&limit=2`, 400, 'INVALID_INPUT'],
  ['a parameter that nobody knows', () => 'GET', () => `${shop.order.url}/orders?page=2`, 400, 'INVALID_INPUT'],
];

test.each(PATHS)('%s', async (_what, method, url, status, code) => {
  expect(await refused(() => ask(method(), url()))).toEqual([status, code]);
});

test('commands to what is not there are a 404', async () => {
  const by = { increaseNumber: 1 };
  for (const [method, url, body, code] of [
    ['POST', `${shop.inventory.url}/inventories/${NOBODYS}/increase`, by, 'INVENTORY_NOT_FOUND'],
    ['PUT', `${shop.product.url}/products/${NOBODYS}/name`, { newName: 'a' }, 'PRODUCT_NOT_FOUND'],
    ['PUT', `${shop.order.url}/orders/${NOBODYS}/address`, ADDRESS, 'ORDER_NOT_FOUND'],
    ['POST', `${shop.order.url}/orders/${NOBODYS}/pay`, { paidPrice: 1 }, 'ORDER_NOT_FOUND'],
  ] as const) {
    expect(await refused(() => ask(method, url, body))).toEqual([404, code]);
  }
});

test('a wrong method is told the right ones', async () => {
  const { headers } = await ask('PATCH', `${shop.order.url}/orders/${order}/address`, {});
  expect(headers.get('allow')).toBe('PUT, POST');
});

describe('a body', () => {
  const post = async (headers: Record<string, string>, body: string | Uint8Array<ArrayBuffer>) => {
    const response = await fetch(`${shop.order.url}/orders`, { method: 'POST', headers, body });
    return { status: response.status, body: (await response.json()) as { code: string; message: string } };
  };

  test.each([64 * 1024 + 1, 3_000_000])('of %i bytes is a 413', async (length) => {
    const body = JSON.stringify(anOrder()).padEnd(length);
    const json = { 'content-type': 'application/json' };
    expect(await refused(() => post(json, body))).toEqual([413, 'BODY_TOO_LARGE']);
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=gbk',
    'application/jsonp',
    'multipart/form-data; boundary=x',
  ])('that is %s is a 415', async (type) => {
    const body = JSON.stringify(anOrder());
    expect(await refused(() => post({ 'content-type': type }, body))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('that is packed, or says nothing of its type, is a 415', async () => {
    const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    expect(await refused(() => post(packed, 'x'))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    const bytes = new TextEncoder().encode(JSON.stringify(anOrder()));
    expect(await refused(() => post({}, bytes))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('that is no UTF-8 is a 400', async () => {
    const json = { 'content-type': 'application/json' };
    const bytes = Uint8Array.from([0x22, 0xc3, 0x28, 0x22]);
    expect(await refused(() => post(json, bytes))).toEqual([400, 'BROKEN_JSON']);
  });

  test('in small letters or not, with its charset, is read', async () => {
    const json = { 'content-type': 'Application/JSON; charset=UTF-8' };
    expect((await post(json, JSON.stringify(anOrder()).replace(product, product.toUpperCase()))).status).toBe(201);
  });
});

test('what is no HTTP is told so as well', async () => {
  const { port, hostname } = new URL(shop.order.url);
  const answer = await new Promise<string>((resolve, reject) => {
    let said = '';
    const socket = connect(Number(port), hostname, () => socket.write('GET /orders/\0 HTTP/1.1\r\nHost: shop\r\n\r\n'));
    socket
      .on('data', (bytes) => (said += bytes))
      .once('end', () => resolve(said))
      .once('error', reject);
  });
  expect(answer).toMatch(/^HTTP\/1.1 400 .*"code":"BROKEN_REQUEST"/s);
});
