import { expect, test } from 'vitest';
import { acceptsSecret, sameSecret, shownSecret } from './same-secret.ts';

test('only the secret itself is the same', () => {
  expect(sameSecret('key', 'key')).toBe(true);
  expect(sameSecret('keys', 'key')).toBe(false);
  expect(sameSecret('', 'key')).toBe(false);
  expect(sameSecret(undefined, 'key')).toBe(false);
});

test('while a secret is rotated each of several is accepted, and the first is shown', () => {
  const accepts = acceptsSecret(['new', 'old']);
  expect(['new', 'old', 'new,old', 'ne', '', undefined].filter(accepts)).toEqual(['new', 'old']);
  expect(['old', 'new'].filter(acceptsSecret('old'))).toEqual(['old']);
  expect(['', undefined].filter(acceptsSecret([]))).toEqual([]);
  expect([shownSecret(['new', 'old']), shownSecret('old')]).toEqual(['new', 'old']);
});
