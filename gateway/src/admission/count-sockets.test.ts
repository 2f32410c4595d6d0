import { expect, test } from 'vitest';
import { countPerKey } from './count-sockets.ts';

test('each key has its own places; one given back is free, once, and nothing of it is kept', () => {
  const places = countPerKey(2);
  const [one, two] = [places.take('a'), places.take('a')];
  expect(places.take('a')).toBeUndefined();
  expect(places.take('b')).toBeDefined();
  one!.giveBack();
  one!.giveBack();
  expect(places.take('a')).toBeDefined();
  expect(places.take('a')).toBeUndefined();
  two!.giveBack();
  expect(places.size).toBe(2);
});
