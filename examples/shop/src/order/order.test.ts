import { given } from '@kith/event-delivery/testing';
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
const pay = (order: Order) => order.pay(0.5, moment());
const cancel = (order: Order) => order.cancelOutOfStock(moment());

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

test('a change of address tells the old and the new', () => {
  const newAddress = { ...ADDRESS, detail: '2' };
  given(placed())
    .when((order) => order.changeAddress(newAddress, moment()))
    .thenRecorded({ name: 'order.address-changed', oldAddress: ADDRESS, newAddress, source: { version: 2 } })
    .thenState(({ state }) => expect(state).toMatchObject({ address: newAddress, version: 2 }));
});

test('the same address is no change', () => {
  given(placed())
    .when((order) => order.changeAddress({ ...ADDRESS }, moment()))
    .thenNothing();
});

test.each([0, 0.49, 0.51, 50])('it is not paid with %s, which is not its price', (wrong) => {
  given(placed())
    .when((order) => order.pay(wrong, moment()))
    .thenRefused({ code: 'PAID_PRICE_DIFFERS', field: 'paidPrice' })
    .thenState(({ state }) => expect(state.status).toBe('CREATED'));
});

test('it is paid at its price', () => {
  given(placed())
    .when(pay)
    .thenRecorded({ name: 'order.paid', paidPrice: 0.5, source: { version: 2 } })
    .thenState(({ state }) => expect(state.status).toBe('PAID'));
});

describe.each([
  ['paid', pay, 'ORDER_IS_PAID', 'PAID'],
  ['cancelled', cancel, 'ORDER_IS_CANCELLED', 'CANCELLED'],
] as const)('a %s order', (_, close, code, status) => {
  test.each([
    ['go elsewhere', (order: Order) => order.changeAddress({ ...ADDRESS, detail: '2' }, moment())],
    ['be paid', pay],
  ])('cannot %s', (_what, change) => {
    given(placed(), close)
      .when(change)
      .thenRefused({ code })
      .thenState(({ state }) => expect(state).toMatchObject({ status, address: ADDRESS, version: 2 }));
  });
});

test('an order without stock is cancelled', () => {
  given(placed()).when(cancel).thenRecorded({ name: 'order.cancelled', reason: 'OUT_OF_STOCK', refund: 0 });
});

test('what was paid for an order without stock goes back, once', () => {
  given(placed(), pay)
    .when((order) => {
      cancel(order);
      cancel(order);
    })
    .thenRecorded({ name: 'order.cancelled', refund: 0.5 })
    .thenState(({ state }) => expect(state).toMatchObject({ status: 'CANCELLED', refund: 0.5, version: 3 }));
});
