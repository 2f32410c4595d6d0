import { expect, test } from 'vitest';
import { eventIdOf, freshMessageId } from './message-id.ts';

test('a fresh message id still tells its event', () => {
  const id = 'f3b0c442-98fc-7c14-9afb-f4c8996fb924';
  expect(eventIdOf(freshMessageId(id, 'redrive-1'))).toBe(id);
  expect(eventIdOf(id)).toBe(id);
});
