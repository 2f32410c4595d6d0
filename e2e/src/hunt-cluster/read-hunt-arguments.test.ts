import { expect, test } from 'vitest';
import { readHuntArguments } from './read-hunt-arguments.ts';

test('a hunt has its usual size unless told otherwise', () => {
  expect(readHuntArguments([])).toEqual({
    ...{ cluster: false, seconds: 180, clients: 200, lists: 5, changesPerSecond: 20 },
  });
  expect(readHuntArguments(['60', '40'])).toMatchObject({ cluster: false, seconds: 60, clients: 40, lists: 5 });
  expect(readHuntArguments(['--', '--cluster', '--seconds', '90'])).toMatchObject({ cluster: true, seconds: 90 });
  expect(readHuntArguments(['--cluster']).seconds).toBe(600);
  expect(readHuntArguments(['--cluster', '--only', 'leader']).only).toBe('leader');
});

test.each([
  [['--shards']],
  [['--only', 'leader']],
  [['--seconds', 'x']],
  [['--seconds', '0']],
  [['1', '2', '3', '4', '5']],
  [['-1']],
])('%j is refused with a sentence', (args) => {
  expect(() => readHuntArguments(args)).toThrow(/^hunt knows --cluster, --seconds N/);
});
