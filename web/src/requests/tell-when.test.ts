import { expect, test } from 'vitest';
import { tellWhen } from './tell-when.ts';

const now = Date.parse('2026-03-10T12:00:00Z');

test.each([
  ['2026-03-10T12:00:30Z', 'just now'],
  ['2026-03-10T11:59:30Z', 'just now'],
  ['2026-03-10T11:55:00Z', '5 minutes ago'],
  ['2026-03-10T09:59:00Z', '2 hours ago'],
  ['2026-03-09T11:00:00Z', 'yesterday'],
  ['2026-03-05T11:00:00Z', '5 days ago'],
  ['2026-02-01T12:00:00Z', 'February 1, 2026'],
])('%s is told as %s', (instant, told) => {
  expect(tellWhen(instant, now)).toBe(told);
});
