import { describe, expect, test } from 'vitest';
import { Order } from './order.ts';

const now = new Date('2026-01-02T03:04:05Z');
let ids = 0;
const moment = () => ({ now, newId: () => `id-${++ids}` });
const ADDRESS = { province: '四川', city: '成都', detail: '1' };
const items = [
  { productId: 'a', count: 3, itemPrice: 0.1 },
  { productId: 'b', count: 1, itemPrice: 0.2 },
];
const placed = () => Order.create({ items, address: ADDRESS }, moment());
/** As it is loaded: what it recorded before is taken. */
const loaded = (...done: ((order: Order) => void)[]) => {
  const order = placed();
  for (const each of done) each(order);
  order.takeEvents();
  return order;
};
const told = (order: Order) => order.events.map(({ name, source }) => [name, source.version]);
const pay = (order: Order) => order.pay(0.5, moment());
const cancel = (order: Order) => order.cancelOutOfStock(moment());
const refusal = (code: string) => expect.objectContaining({ code });

test('a new order has recorded that it was created, at version 1, with its price to the fen', () => {
  const order = placed();
  expect(order.events).toEqual([
    {
      name: 'order.created',
      id: expect.any(String),
      occurredAt: now,
      source: { kind: 'order', id: order.state.id, version: 1 },
      items,
      totalPrice: 0.5,
      address: ADDRESS,
    },
  ]);
  expect(order.state).toMatchObject({ status: 'CREATED', version: 1, refund: 0 });
});

test('the dearest order is exact to the fen', () => {
  const dearest = Array.from({ length: 100 }, () => ({ productId: 'a', count: 100_000, itemPrice: 999_999.99 }));
  expect(Order.create({ items: dearest, address: ADDRESS }, moment()).totalPrice).toBe(9_999_999_900_000);
});

test('a change of address tells the old and the new; the same address is no change', () => {
  const order = loaded();
  order.changeAddress({ ...ADDRESS }, moment());
  expect(order.events).toEqual([]);
  const newAddress = { ...ADDRESS, detail: '2' };
  order.changeAddress(newAddress, moment());
  expect(order.events).toMatchObject([{ name: 'order.address-changed', oldAddress: ADDRESS, newAddress }]);
  expect(order.state).toMatchObject({ address: newAddress, version: 2 });
});

test('it is paid at its price alone', () => {
  const order = loaded();
  for (const wrong of [0, 0.49, 0.51, 50]) {
    expect(() => order.pay(wrong, moment())).toThrow(refusal('PAID_PRICE_DIFFERS'));
  }
  expect([told(order), order.state.status]).toEqual([[], 'CREATED']);
  pay(order);
  expect([told(order), order.state.status]).toEqual([[['order.paid', 2]], 'PAID']);
});

describe.each([
  ['paid', pay, 'ORDER_IS_PAID'],
  ['cancelled', cancel, 'ORDER_IS_CANCELLED'],
] as const)('a %s order', (_, close, code) => {
  test.each([
    ['go elsewhere', (order: Order) => order.changeAddress({ ...ADDRESS, detail: '2' }, moment())],
    ['be paid', pay],
  ])('cannot %s', (_what, change) => {
    const order = loaded(close);
    const before = order.state;
    expect(() => change(order)).toThrow(refusal(code));
    expect([order.events, order.state]).toEqual([[], before]);
  });
});

test('an order without stock is cancelled once; what was paid for it goes back', () => {
  const unpaid = loaded();
  cancel(unpaid);
  expect(unpaid.events).toMatchObject([{ name: 'order.cancelled', reason: 'OUT_OF_STOCK', refund: 0 }]);
  const paid = loaded(pay);
  cancel(paid);
  cancel(paid);
  expect(paid.events).toMatchObject([{ name: 'order.cancelled', refund: 0.5 }]);
  expect(paid.state).toMatchObject({ status: 'CANCELLED', refund: 0.5, version: 3 });
});
