import { expect, test } from 'vitest';
import { SharedByKey } from './shared-by-key.ts';

function shared() {
  const log: string[] = [];
  const byKey = new SharedByKey((key) => {
    log.push(`open ${key}`);
    return { stop: () => log.push(`stop ${key}`) };
  });
  return { byKey, log };
}

test('a resource is opened for the first who takes it and stopped when the last lets go', () => {
  const { byKey, log } = shared();
  const first = byKey.take('ada');
  const second = byKey.take('ada');
  expect(second.resource).toBe(first.resource);
  first.release();
  expect(log).toEqual(['open ada']);
  second.release();
  expect(log).toEqual(['open ada', 'stop ada']);
  expect(byKey.size).toBe(0);
});

test('letting go twice counts once', () => {
  const { byKey, log } = shared();
  const first = byKey.take('ada');
  byKey.take('ada');
  first.release();
  first.release();
  expect(log).toEqual(['open ada']);
});

test('each key has its own, and a key that was stopped is opened anew', () => {
  const { byKey, log } = shared();
  byKey.take('ada').release();
  byKey.take('bob');
  byKey.take('ada');
  expect(log).toEqual(['open ada', 'stop ada', 'open bob', 'open ada']);
  expect(byKey.entries().map(([key]) => key)).toEqual(['bob', 'ada']);
});
