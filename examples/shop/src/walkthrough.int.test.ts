import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Shop, startShop } from './start/start-shop.ts';
import { ADDRESS, ask, visit } from './testing/ask.ts';

describe.each(['jetstream', 'in-process'] as const)('over %s', (eventBus) => {
  let shop: Shop;
  let customer: ReturnType<typeof visit>;
  beforeAll(async () => {
    shop = await startShop({ eventBus });
    customer = visit(shop);
  });
  afterAll(() => shop?.stop());

  test('0 in stock, increased by 10, an order of 2: 8 remain, and the product shows 8', async () => {
    const { product, inventory, order } = shop;
    const made = await ask(
      'POST',
      `${product.url}/products`,
      '{"name":"好吃的苹果","description":"原生态的苹果","price":10}',
    );
    expect([made.status, made.headers.get('location')]).toEqual([201, `/products/${made.body.id}`]);
    const { id } = made.body;
    expect((await ask('GET', `${product.url}/products/${id}`)).body).toEqual({
      id,
      version: 1,
      name: '好吃的苹果',
      description: '原生态的苹果',
      price: 10,
      stock: 0,
      createdAt: expect.any(String),
    });
    expect((await ask('GET', `${inventory.url}/inventories/${id}`)).body).toMatchObject({
      productId: id,
      productName: '好吃的苹果',
      remains: 0,
    });
    const increased = await ask('POST', `${inventory.url}/inventories/${id}/increase`, '{"increaseNumber":10}');
    expect([increased.status, increased.body.remains]).toEqual([200, 10]);
    await eventually('the product shows 10', async () => (await customer.product(id)).stock === 10);

    const placed = await ask(
      'POST',
      `${order.url}/orders`,
      `{"items":[{"productId":"${id}","count":2,"itemPrice":10}],` +
        '"address":{"province":"四川","city":"成都","detail":"天府软件园1号"}}',
    );
    expect(placed.status).toBe(201);
    await eventually('8 remain', async () => (await customer.inventory(id)).remains === 8);
    await eventually('the product shows 8', async () => (await customer.product(id)).stock === 8);
    const listed = await eventually('the order is listed', () => customer.listed(placed.body.id));
    const both = { id: placed.body.id, status: 'CREATED', totalPrice: 20, refund: 0, address: ADDRESS };
    expect(listed).toEqual({ ...both, itemCount: 2, createdAt: expect.any(String) });
    expect(await customer.order(placed.body.id)).toEqual({
      ...both,
      items: [{ productId: id, count: 2, itemPrice: 10 }],
      createdAt: listed.createdAt,
    });
  });

  test('an order goes elsewhere and is paid, and cannot be changed then', async () => {
    const id = await customer.createProduct();
    await customer.increase(id, 1);
    const order = await customer.placeOrder(id, 1, 9.9);
    const elsewhere = { province: '四川', city: '成都', detail: '高新区' };
    expect(await customer.changeAddress(order, elsewhere)).toMatchObject({ address: elsewhere, status: 'CREATED' });
    const wrong = await ask('POST', `${shop.order.url}/orders/${order}/pay`, { paidPrice: 9.8 });
    expect([wrong.status, wrong.body.code]).toEqual([409, 'PAID_PRICE_DIFFERS']);
    expect(await customer.pay(order, 9.9)).toMatchObject({ status: 'PAID', address: elsewhere });
    for (const [path, body] of [
      ['address', ADDRESS],
      ['address/detail', { detail: '1' }],
      ['pay', { paidPrice: 9.9 }],
      ['payment', { paidPrice: 9.9 }],
    ] as const) {
      const { status, body: said } = await ask('POST', `${shop.order.url}/orders/${order}/${path}`, body);
      expect([path, status, said.code]).toEqual([path, 409, 'ORDER_IS_PAID']);
    }
    const isListed = async () => (await customer.listed(order))?.status === 'PAID';
    await eventually('the list shows it paid', isListed);
    expect(await customer.listed(order)).toMatchObject({ address: elsewhere, totalPrice: 9.9 });
  });

  test('a renamed product is renamed in the inventory, which keeps the name before', async () => {
    const id = await customer.createProduct('苹果');
    expect(await customer.inventory(id)).toMatchObject({ productName: '苹果', formerName: null });
    expect(await customer.rename(id, '红苹果')).toMatchObject({ id, name: '红苹果' });
    const isRenamed = async () => (await customer.inventory(id)).productName === '红苹果';
    await eventually('the copy is renamed', isRenamed);
    expect(await customer.inventory(id)).toMatchObject({ formerName: '苹果', remains: 0 });
  });

  test('an order of more than there is takes nothing and is cancelled, and what was paid goes back', async () => {
    const [scarce, plenty] = [await customer.createProduct('scarce'), await customer.createProduct('plenty')];
    await customer.increase(scarce, 2);
    await customer.increase(plenty, 100);
    const items = [plenty, scarce].map((productId) => ({ productId, count: 3, itemPrice: 1.1 }));
    const { body } = await ask('POST', `${shop.order.url}/orders`, { items, address: ADDRESS });
    const unpaid = await ask('POST', `${shop.order.url}/orders`, { items, address: ADDRESS });
    const paid = await ask('POST', `${shop.order.url}/orders/${body.id}/pay`, { paidPrice: 6.6 });
    await eventually('both are cancelled', async () => {
      const both = await Promise.all([customer.listed(body.id), customer.listed(unpaid.body.id)]);
      return both.every((each) => each?.status === 'CANCELLED');
    });
    // Whoever pays later than the inventory has answered is refused.
    const refund = paid.status === 200 ? 6.6 : 0;
    expect(await customer.order(body.id)).toMatchObject({ status: 'CANCELLED', refund });
    expect(await customer.listed(body.id)).toMatchObject({ refund });
    const late = await ask('POST', `${shop.order.url}/orders/${unpaid.body.id}/pay`, { paidPrice: 6.6 });
    expect([late.status, late.body.code]).toEqual([409, 'ORDER_IS_CANCELLED']);
    expect((await customer.inventory(scarce)).remains).toBe(2);
    expect((await customer.inventory(plenty)).remains).toBe(100);
  });

  test('lists are read page by page, the newest first', async () => {
    const ids = [
      await customer.createProduct('a'),
      await customer.createProduct('b'),
      await customer.createProduct('c'),
    ];
    const first = (await ask('GET', `${shop.product.url}/products?limit=2`)).body;
    expect(first.items.map((each: { id: string }) => each.id)).toEqual([ids[2], ids[1]]);
    const second = (await ask('GET', `${shop.product.url}/products?limit=1&after=${first.next}`)).body;
    expect(second.items[0].id).toBe(ids[0]);
    await customer.inventory(ids[2]!);
    const { items } = (await ask('GET', `${shop.inventory.url}/inventories?limit=1`)).body;
    expect(items[0]).toMatchObject({ id: ids[2], productName: 'c' });
  });

  test.runIf(eventBus === 'jetstream')(
    'an order is taken while the inventory is away, and served when it is back',
    async () => {
      const id = await customer.createProduct();
      await customer.increase(id, 10);
      const inventory = shop.processes.find(({ names }) => names.includes('inventory'))!;
      await inventory.stop();
      const order = await customer.placeOrder(id, 4);
      await eventually('it is listed', () => customer.listed(order));
      await inventory.start();
      await eventually('6 remain', async () => (await customer.inventory(id)).remains === 6);
      await eventually('the product shows 6', async () => (await customer.product(id)).stock === 6);
    },
  );
});
