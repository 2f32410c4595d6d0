import { expect, test } from 'vitest';
import { forgetFirstBeyond } from './forget-first-beyond.ts';

test('one too many is one less, the one that was put in first; else nothing goes', () => {
  const cache = new Map([
    ['a', 1],
    ['b', 2],
  ]);
  forgetFirstBeyond(2, cache);
  expect([...cache.keys()]).toEqual(['a', 'b']);
  cache.set('c', 3);
  forgetFirstBeyond(2, cache);
  expect([...cache.keys()]).toEqual(['b', 'c']);
});
