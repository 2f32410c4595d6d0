import { expect, test } from 'vitest';
import { viewKeys } from './view-keys.ts';

test('all keys of an owner bear the same hash tag, and no other owner has any of them', () => {
  for (const key of viewKeys('ann')) expect(/^[^{}]*\{([^}]+)\}/.exec(key)?.[1]).toBe('ann');
  expect(new Set([...viewKeys('ann'), ...viewKeys('bob')]).size).toBe(12);
});
