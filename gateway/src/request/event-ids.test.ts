import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cursorOfEventId, eventIdOf } from './event-ids.ts';

test('any cursor comes back from its id, which is one line of ASCII', () => {
  const cursors = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom('', 'base64url:x', 'a\nid: b', 'é'),
  );
  fc.assert(
    fc.property(cursors, (cursor) => {
      const id = eventIdOf(cursor);
      expect(id).toMatch(/^[\x21-\x7e]+$/);
      expect(cursorOfEventId(id)).toBe(Buffer.from(cursor).toString());
    }),
  );
});

test('a usual cursor is its own id', () => {
  expect(eventIdOf('eyJ2IjoxfQ')).toBe('eyJ2IjoxfQ');
});
