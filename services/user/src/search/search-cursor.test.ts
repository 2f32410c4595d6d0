import { expect, test } from 'vitest';
import { readSearchCursor, writeSearchCursor } from './search-cursor.ts';

test('a cursor brings back the position', () => {
  const position = { phase: 2, word: '小龙', kind: 1, userId: '0197a000-0000-7000-8000-00000000000a' };
  expect(readSearchCursor(writeSearchCursor(position))).toEqual(position);
});

const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
test.each([
  '',
  '%%%',
  forged(null),
  forged([0, 'ann', 0]),
  forged([-1, 'ann', 0, '0197a000-0000-7000-8000-00000000000a']),
  forged([1e9, 'ann', 0, '0197a000-0000-7000-8000-00000000000a']),
  forged([0, 'a\u0000', 0, '0197a000-0000-7000-8000-00000000000a']),
  forged([0, 'ann', 0, "' or 1=1"]),
])('the forged cursor "%s" is refused', (cursor) => {
  expect(() => readSearchCursor(cursor)).toThrow(
    expect.objectContaining({ code: 'BAD_USER_INPUT', extensions: { field: 'after' } }),
  );
});
