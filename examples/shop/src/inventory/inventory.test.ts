import { given } from '@kith/event-delivery/testing';
import { expect, test } from 'vitest';
import { Inventory } from './inventory.ts';

let ids = 0;
const moment = { now: new Date('2026-01-02T03:04:05Z'), newId: () => `event-${++ids}` };
const stocked = (remains: number) => new Inventory({ productId: 'a', version: 1, remains });

test.each([
  ['increased', 3, 5],
  ['decreased', -2, 0],
])('%s, it tells what remains', (_, by, remains) => {
  given(stocked(2))
    .when((inventory) => (by > 0 ? inventory.increase(by, moment) : inventory.decrease(-by, moment)))
    .thenRecorded({ name: 'inventory.changed', source: { kind: 'inventory', id: 'a', version: 2 }, remains })
    .thenState(({ state }) => expect(state).toMatchObject({ remains, version: 2 }));
});

test('changed several times at once, it tells once what remains in the end', () => {
  given(stocked(2))
    .when((inventory) => {
      inventory.increase(10, moment);
      inventory.decrease(3, moment);
      inventory.decrease(1, moment);
    })
    .thenRecorded({ name: 'inventory.changed', source: { version: 2 }, remains: 8 })
    .thenState(({ state }) => expect(state).toMatchObject({ remains: 8, version: 2 }));
});

test('what it has told stays as it was told: a later change is another event', () => {
  const inventory = stocked(2);
  inventory.increase(1, moment);
  expect(inventory.events).toMatchObject([{ remains: 3, source: { version: 2 } }]);
  inventory.increase(1, moment);
  expect(inventory.events).toMatchObject([
    { remains: 3, source: { version: 2 } },
    { remains: 4, source: { version: 3 } },
  ]);
  expect(inventory.state.version).toBe(3);
});

test('it never goes below 0', () => {
  given(stocked(2))
    .when((inventory) => inventory.decrease(3, moment))
    .thenRefused({ name: 'RangeError' })
    .thenState(({ state }) => expect(state.remains).toBe(2));
});

test('it never goes above what it can count', () => {
  given(stocked(2))
    .when((inventory) => inventory.increase(1_000_000_000_000, moment))
    .thenRefused({ code: 'TOO_MUCH_STOCK' })
    .thenState(({ state }) => expect(state.remains).toBe(2));
});
