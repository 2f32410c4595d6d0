import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvent, faultInNewest } from './event-contract.ts';

const moved = defineEvent({
  name: 'shop.moved',
  subject: (ownerId) => `shop.moved.${ownerId}`,
  older: [{ schema: z.object({ n: z.number() }), lift: ({ n }: { n: number }) => ({ to: { shelf: n } }) }],
  newest: z.object({ to: z.object({ shelf: z.number() }) }),
});

test('what is about to be written is held to the newest version, and not to one that it was once', () => {
  expect(moved.type).toBe('shop.moved.v2');
  expect(faultInNewest(moved, { to: { shelf: 1 } })).toBeUndefined();
  expect(faultInNewest(moved, { n: 1 })).toMatch(/^to: /);
});

test.each([
  ['a field', { to: { shelf: 'top' } }, /^to\.shelf: /],
  ['one that is missing', { to: {} }, /^to\.shelf: /],
  ['all of it', 'top', /^data: /],
  ['that there is nothing', undefined, /^data: /],
])('the fault names %s', (_what, data, expected) => {
  expect(faultInNewest(moved, data)).toMatch(expected);
});
