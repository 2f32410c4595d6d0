import { expect, test } from 'vitest';
import { sameSecret } from './same-secret.ts';

test('only the secret itself is the same', () => {
  expect(sameSecret('key', 'key')).toBe(true);
  expect(sameSecret('keys', 'key')).toBe(false);
  expect(sameSecret('', 'key')).toBe(false);
  expect(sameSecret(undefined, 'key')).toBe(false);
});
