import { expect, test } from 'vitest';
import { z } from 'zod';
import { streamFields } from './broker-variables.ts';
import { parseConfig } from './read-config.ts';

const read = (env: Record<string, string>) => parseConfig(z.object(streamFields), env);

test.each([
  [{ STREAM_REPLICAS: '3' }, { STREAM_REPLICAS: 3 }],
  [{ STREAM_MAX_AGE: '30d' }, { STREAM_MAX_AGE: 2_592_000_000 }],
  [{ STREAM_MAX_AGE: '7200s' }, { STREAM_MAX_AGE: 7_200_000 }],
  [{ STREAM_MAX_AGE: 'forever' }, { STREAM_MAX_AGE: 'forever' }],
  [{ STREAM_MAX_BYTES: '20GiB' }, { STREAM_MAX_BYTES: 20 * 2 ** 30 }],
  [{ STREAM_MAX_BYTES: '1048576' }, { STREAM_MAX_BYTES: 2 ** 20 }],
  [{ STREAM_MAX_BYTES: 'unlimited' }, { STREAM_MAX_BYTES: 'unlimited' }],
  [{ STREAM_PLACEMENT_TAGS: 'ssd, az:1' }, { STREAM_PLACEMENT_TAGS: ['ssd', 'az:1'] }],
  [{ STREAM_PARTITIONS: '16' }, { STREAM_PARTITIONS: 16 }],
  [{ STREAM_REPLICAS: '' }, {}],
])('%o', (env, config) => {
  expect(read(env)).toEqual(config);
});

test.each([
  [{ STREAM_REPLICAS: '2' }],
  [{ STREAM_REPLICAS: '0' }],
  [{ STREAM_PARTITIONS: '0' }],
  [{ STREAM_PARTITIONS: '3' }],
  [{ STREAM_PARTITIONS: '32' }],
  [{ STREAM_MAX_AGE: '30' }],
  [{ STREAM_MAX_AGE: '0d' }],
  [{ STREAM_MAX_AGE: '59m' }],
  [{ STREAM_MAX_AGE: '999999999d' }],
  [{ STREAM_MAX_BYTES: '1GB' }],
  [{ STREAM_MAX_BYTES: '-1' }],
  [{ STREAM_MAX_BYTES: '1000' }],
  [{ STREAM_MAX_BYTES: '999999999TiB' }],
  [{ STREAM_PLACEMENT_TAGS: 'a,,b' }],
])('%o is refused in a sentence that names it', (env) => {
  expect(() => read(env as Record<string, string>)).toThrow(new RegExp(`^${Object.keys(env)[0]}: must be `));
});
