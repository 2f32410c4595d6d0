import { expect, test } from 'vitest';
import { readId, readPageSize } from './check-arguments.ts';

test('an id is read in lower case', () => {
  expect(readId('id', '0197A000-0000-7000-8000-00000000000A')).toBe('0197a000-0000-7000-8000-00000000000a');
});

test.each(['', '7', 'me', '0197a000-0000-7000-8000-00000000000', "' or 1=1"])('"%s" is no id', (value) => {
  expect(() => readId('userId', value)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: { field: 'userId' } }),
  );
});

test.each([
  [0, 1],
  [-1, 1],
  [101, 100],
])('a page of %i is refused with the bound %i', (first, limit) => {
  expect(() => readPageSize(first)).toThrow(expect.objectContaining({ extensions: { field: 'first', limit } }));
});

test('1 and 100 are allowed', () => {
  expect([readPageSize(1), readPageSize(100)]).toEqual([1, 100]);
});
