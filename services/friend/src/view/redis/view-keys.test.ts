import { expect, test } from 'vitest';
import { viewKeys } from './view-keys.ts';

test('all keys of an owner bear the same hash tag, and no other owner or timeline has any of them', () => {
  for (const key of viewKeys('ann', 't1')) expect(/^[^{}]*\{([^}]+)\}/.exec(key)?.[1]).toBe('ann');
  expect(new Set([...viewKeys('ann', 't1'), ...viewKeys('bob', 't1'), ...viewKeys('ann', 't2')]).size).toBe(18);
});
