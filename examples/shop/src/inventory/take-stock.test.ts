import { expect, test } from 'vitest';
import { Inventory } from './inventory.ts';
import { takeStock } from './take-stock.ts';

let ids = 0;
const moment = { now: new Date('2026-01-02T03:04:05Z'), newId: () => `event-${++ids}` };
const stocked = (remains: Record<string, number>) =>
  new Map(
    Object.entries(remains).map(([productId, n]) => [productId, new Inventory({ productId, version: 4, remains: n })]),
  );
const told = (inventories: ReadonlyMap<string, Inventory>) =>
  [...inventories.values()].flatMap(({ events }) =>
    events.map(({ source, remains }) => [source.id, source.version, remains]),
  );

test('takes the stock of a whole order, to the last piece', () => {
  const inventories = stocked({ a: 3, b: 5 });
  const wanted = [
    { productId: 'a', count: 3 },
    { productId: 'b', count: 1 },
  ];
  expect(takeStock(wanted, inventories, moment)).toEqual([]);
  expect(told(inventories)).toEqual([
    ['a', 5, 0],
    ['b', 5, 4],
  ]);
});

test('takes nothing of an order of which there is too little, and names that', () => {
  const inventories = stocked({ a: 3, b: 5 });
  const wanted = [
    { productId: 'b', count: 1 },
    { productId: 'a', count: 4 },
    { productId: 'nobody knows', count: 1 },
  ];
  expect(takeStock(wanted, inventories, moment)).toEqual([
    { productId: 'a', wanted: 4, remains: 3 },
    { productId: 'nobody knows', wanted: 1, remains: 0 },
  ]);
  expect(told(inventories)).toEqual([]);
});

test('counts a product that is wanted twice as one', () => {
  const inventories = stocked({ a: 3 });
  const [two, one] = [
    { productId: 'a', count: 2 },
    { productId: 'a', count: 1 },
  ];
  expect(takeStock([two, two], inventories, moment)).toEqual([{ productId: 'a', wanted: 4, remains: 3 }]);
  expect(takeStock([two, one], inventories, moment)).toEqual([]);
  expect(told(inventories)).toEqual([['a', 5, 0]]);
});
