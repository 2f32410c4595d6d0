import { expect, test } from 'vitest';
import { timeLeft } from './time-left.ts';

test.each([
  [0, 10, ''],
  [10, 0, ''],
  [95, 10, '10 s'],
  [599, 10, '1 min'],
  [36_000, 10, '1 h 0 min'],
  [3_599, 1, '1 h 0 min'],
  [100_000_000, 3_000, '9 h 16 min'],
])('%i to do at %i a second is said as "%s"', (toDo, perSecond, said) => {
  expect(timeLeft(toDo, perSecond)).toBe(said);
});
