import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createPasswordHasher } from './hash-passwords.ts';

test('a password matches its own argon2id hash alone', async () => {
  const passwords = await createPasswordHasher();
  const hash = await passwords.hash('correct horse');
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await passwords.verify(hash, 'correct horse')).toBe(true);
  expect(await passwords.verify(hash, 'wrong horse')).toBe(false);
});

test('nobody’s password never matches, not even the one behind the decoy', async () => {
  const passwords = await createPasswordHasher();
  expect(await passwords.verify(null, 'nobody has this password')).toBe(false);
});

test('a storm beyond the queue is turned away, the rest is served', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 2 });
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('x')));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual(
    Array(2).fill({ status: 'rejected', reason: expect.objectContaining({ code: 'RATE_LIMITED' }) }),
  );
  await expect(passwords.hash('afterwards')).resolves.toContain('argon2id');
});

test('a storm leaves a thread for files and names of hosts, however many may be hashed at once', async () => {
  const passwords = await createPasswordHasher({ concurrency: 40 });
  let hashed = 0;
  const storm = Array.from({ length: 40 }, () => passwords.hash('x').then(() => hashed++));
  await stat('.');
  // It would be behind all of them, but for those that have a thread already.
  expect(hashed).toBeLessThan(20);
  await Promise.all(storm);
});
