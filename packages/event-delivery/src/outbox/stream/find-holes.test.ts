import { expect, test } from 'vitest';
import { isHoleLookedFor, isNewlySuspicious, type Suspicion, suspicious, trusting } from './find-holes.ts';

const before = {
  ...{ createdAt: 'then', lastSequence: 10, hadThrough: {}, owes: false, holes: 0, givenUpThrough: 0 },
  ...{ highestPublished: 10, sharedNumbers: 0 },
};
const found = { name: 'SHOP', createdAt: 'then', messages: 10, bytes: 1, firstSequence: 1, lastSequence: 10 };

const ledByA = (): Suspicion => ({ ...trusting(), leader: 'a' });

test('whoever starts looks for holes at once, and once more some looks later', () => {
  const suspicion = suspicious();
  const looked = Array.from({ length: 10 }, () => {
    const isLookedFor = isHoleLookedFor(suspicion);
    suspicion.looks += 1;
    return isLookedFor;
  });
  expect(looked.map((each, n) => (each ? n : -1)).filter((n) => n >= 0)).toEqual([0, 3]);
});

test.each([
  ['another server leads', { ...before }, { ...found, leader: 'b' }, 0],
  ['something went from between others', { ...before }, { ...found, leader: 'a' }, 1],
  ['two events have one number', { ...before, sharedNumbers: 1 }, { ...found, leader: 'a' }, 0],
])('holes are looked for again when %s, and once for each time', (_, position, standing, holes) => {
  const suspicion = ledByA();
  expect(isNewlySuspicious(suspicion, before, { ...found, leader: 'a' }, 0)).toBe(false);
  expect(isNewlySuspicious(suspicion, position, standing, holes)).toBe(true);
  expect(isHoleLookedFor(suspicion)).toBe(true);
  expect(isNewlySuspicious(suspicion, position, standing, holes)).toBe(false);
});

test.each([
  ['the same stands as before', before, { ...found, leader: 'a' }, 0],
  ['nobody leads for a moment', before, found, 0],
  ['there are holes that were known', { ...before, holes: 3 }, { ...found, leader: 'a' }, 3],
])('nothing is suspected when %s', (_, position, standing, holes) => {
  expect(isNewlySuspicious(ledByA(), position, standing, holes)).toBe(false);
});

test('another leader is noticed across a moment without one', () => {
  const suspicion = ledByA();
  isNewlySuspicious(suspicion, before, found, 0);
  expect(isNewlySuspicious(suspicion, before, { ...found, leader: 'b' }, 0)).toBe(true);
});
