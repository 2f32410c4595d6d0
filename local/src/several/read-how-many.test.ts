import { expect, test } from 'vitest';
import { readHowMany } from './read-how-many.ts';

const read = (args: string[], bus: 'jetstream' | 'in-process' = 'jetstream') => readHowMany(args, { EVENT_BUS: bus });

test('one of each runs unless told otherwise', () => {
  expect(read([])).toEqual({ cluster: false, gateways: 1, services: { user: 1, friend: 1, webhook: 1 } });
  expect(read(['--', '--gateways', '2', '--friends=3'])).toEqual({
    cluster: false,
    gateways: 2,
    services: { user: 1, friend: 3, webhook: 1 },
  });
});

test('two of each run in a cluster unless told otherwise', () => {
  expect(read(['--cluster', '--friends', '3'])).toEqual({
    cluster: true,
    gateways: 2,
    services: { user: 2, friend: 3, webhook: 2 },
  });
});

test.each([
  [['--cluster=3'], /^start knows --cluster,/],
  [['--gateways', '0'], /^--gateways must be a whole number from 1 to 16, and is "0"\.$/],
  [['--users', '17'], /^--users must be a whole number/],
  [['--friends', '1.5'], /^--friends must be a whole number/],
  [['--friends', ''], /^--friends must be a whole number/],
  [
    ['--friends'],
    /^start knows --cluster, --gateways N, --users N, --friends N, --webhooks N, and no other argument\.$/,
  ],
  [['--shards', '2'], /^start knows/],
  [['2'], /^start knows/],
])('%j is refused with a sentence', (args, sentence) => {
  expect(() => read(args)).toThrow(sentence);
});

test('one process is one process', () => {
  expect(() => read(['--gateways', '2'], 'in-process')).toThrow(/^With EVENT_BUS=in-process everything is one process/);
  expect(() => read(['--cluster'], 'in-process')).toThrow(/^With EVENT_BUS=in-process everything is one process/);
  expect(read([], 'in-process').gateways).toBe(1);
});
