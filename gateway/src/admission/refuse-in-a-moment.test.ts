import { expect, test } from 'vitest';
import { momentWhenLate } from './refuse-in-a-moment.ts';

test.each([
  [0, 100],
  [0.05, 100],
  [0.5, 500],
  [60, 2_000],
])('when this process is %d ms late a refusal takes %d ms, on the mean', (lateMs, momentMs) => {
  expect(momentWhenLate(lateMs)).toBe(momentMs);
});
