import { given } from '@kith/event-delivery/testing';
import { expect, test } from 'vitest';
import { Product } from './product.ts';

const now = new Date('2026-01-02T03:04:05Z');
let ids = 0;
const moment = { now, newId: () => `id-${++ids}` };
const apple = { name: '苹果', description: '原生态的苹果', price: 10 };
const named = () => Product.create(apple, moment);

test('a new product has recorded that it was created, at version 1', () => {
  const product = named();
  const { id } = product.state;
  expect(product.events).toEqual([
    {
      name: 'product.created',
      id: expect.any(String),
      occurredAt: now,
      source: { kind: 'product', id, version: 1 },
      productName: '苹果',
      description: '原生态的苹果',
      price: 10,
    },
  ]);
});

test('a new name tells the old and the new', () => {
  given(named())
    .when((product) => product.updateName('红苹果', moment))
    .thenRecorded({ name: 'product.name-updated', oldName: '苹果', newName: '红苹果', source: { version: 2 } })
    .thenState(({ state }) => expect(state).toMatchObject({ ...apple, name: '红苹果', version: 2 }));
});

test('the same name is no change', () => {
  given(named(), (product) => product.updateName('红苹果', moment))
    .when((product) => product.updateName('红苹果', moment))
    .thenNothing()
    .thenState(({ state }) => expect(state.version).toBe(2));
});
