import { expect, test } from 'vitest';
import { waitInWords } from './wait-in-words.ts';

test('a wait is told in the unit a person would use, and never too short', () => {
  expect([1, 89, 90, 3_600, 86_400].map(waitInWords)).toEqual([
    '1 second',
    '89 seconds',
    '2 minutes',
    '60 minutes',
    '24 hours',
  ]);
});
