import { expect, test } from 'vitest';
import { z } from 'zod';
import { configFields, parseConfig } from './read-config.ts';
import { readRedisUrl } from './redis-address.ts';

const at = (...hosts: string[]) =>
  hosts.map((each) => ({
    host: each.slice(0, each.lastIndexOf(':')),
    port: Number(each.slice(each.lastIndexOf(':') + 1)),
  }));
const plain = { db: 0, tls: false, username: undefined, password: undefined };

test.each([
  ['redis://localhost', { ...plain, kind: 'server', hosts: at('localhost:6379') }],
  ['redis://:pass@h:1/3', { ...plain, kind: 'server', hosts: at('h:1'), password: 'pass', db: 3 }],
  [
    'rediss://ann:p%40s%2Fs@h',
    { ...plain, kind: 'server', hosts: at('h:6379'), username: 'ann', password: 'p@s/s', tls: true },
  ],
  ['redis://ann:p:a,b@h', { ...plain, kind: 'server', hosts: at('h:6379'), username: 'ann', password: 'p:a,b' }],
  ['redis://[::1]:7000', { ...plain, kind: 'server', hosts: at('::1:7000') }],
  [
    'redis://ann:p@a:1,b,c:3',
    { ...plain, kind: 'cluster', hosts: at('a:1', 'b:6379', 'c:3'), username: 'ann', password: 'p' },
  ],
  [
    'redis://ann:p@a:1, redis://ann:p@b:2,redis://c:3',
    { ...plain, kind: 'cluster', hosts: at('a:1', 'b:2', 'c:3'), username: 'ann', password: 'p' },
  ],
  ['rediss+cluster://one.example:7', { ...plain, kind: 'cluster', hosts: at('one.example:7'), tls: true }],
  [
    'redis+sentinel://ann:p@a,b:7/mymaster/2?sentinel_username=s&sentinel_password=x%26y',
    {
      ...{ ...plain, kind: 'sentinel', hosts: at('a:26379', 'b:7'), username: 'ann', password: 'p', db: 2 },
      sentinel: { primary: 'mymaster', username: 's', password: 'x&y' },
    },
  ],
])('%s is read', (url, address) => {
  expect(readRedisUrl(url)).toEqual(address);
});

test.each([
  ['localhost:6379', /must be a URL as redis:/],
  ['http://localhost', /must be a URL as redis:/],
  ['redis+replica://localhost', /must be a URL as redis:/],
  ['redis://', /one host is missing/],
  ['redis://a,,b', /one host is missing/],
  ['redis://a:port', /one host is missing or cannot be read/],
  ['redis://a:70000', /ports go from 1/],
  ['redis://a/name', /number of a database/],
  ['redis+cluster://a,b/1', /a cluster has none but 0/],
  ['redis://ann:p@a,bob:p@b', /names several users/],
  ['redis://a,ann:p@b', /before all hosts/],
  ['redis://ann:100%@a', /percent-encoded/],
  ['redis+sentinel://a:1,b:2', /what the Sentinels call the primary/],
  ['redis://a?maxRetries=3', /the option maxRetries/],
])('%s is refused, by the variable’s name and in words', (REDIS_URL, says) => {
  const schema = z.object({ REDIS_URL: configFields.redisUrl });
  expect(() => parseConfig(schema, { REDIS_URL })).toThrow(says);
  expect(() => parseConfig(schema, { REDIS_URL })).toThrow(/^REDIS_URL: /);
});

test('no refusal tells the password', () => {
  for (const url of ['redis://ann:secret@a:port', 'redis://ann:secret@a,bob:secret@b', 'redis://ann:secret%@a']) {
    expect(() => readRedisUrl(url)).toThrow(/^(?!.*secret)/s);
  }
});

test('a file of certificates that is missing, or is none, is refused by its variable’s name', () => {
  const schema = z.object({ REDIS_CA_FILE: configFields.pemFile.optional() });
  expect(() => parseConfig(schema, { REDIS_CA_FILE: '/nowhere/ca.pem' })).toThrow(/^REDIS_CA_FILE: .*ENOENT/);
  expect(() => parseConfig(schema, { REDIS_CA_FILE: import.meta.filename })).toThrow(/^REDIS_CA_FILE: .*PEM/);
});
