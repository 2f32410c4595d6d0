import { expect, test } from 'vitest';
import { z } from 'zod';
import { ConfigError, configFields, parseConfig } from './read-config.ts';

const schema = z.object({
  HOST: configFields.host,
  PORT: configFields.port,
  USER_URL: configFields.httpUrl,
  LOG_LEVEL: configFields.logLevel,
});
const good = { PORT: '4000', USER_URL: 'http://127.0.0.1:4101/' };

test('values are read with their types and defaults', () => {
  expect(parseConfig(schema, good)).toEqual({
    HOST: '127.0.0.1',
    PORT: 4000,
    USER_URL: 'http://127.0.0.1:4101',
    LOG_LEVEL: 'info',
  });
});

test.each([
  ['PORT', { ...good, PORT: '4000x' }],
  ['PORT', { ...good, PORT: '65536' }],
  ['PORT', { ...good, PORT: '-1' }],
  ['USER_URL', { ...good, USER_URL: 'localhost:80' }],
  ['LOG_LEVEL', { ...good, LOG_LEVEL: 'loud' }],
])('a bad %s is refused by its name', (variable, env) => {
  expect(() => parseConfig(schema, env)).toThrow(ConfigError);
  expect(() => parseConfig(schema, env)).toThrow(new RegExp(`^${variable}: must be`));
});

test('a variable set to nothing counts as not set', () => {
  expect(() => parseConfig(schema, { ...good, PORT: '' })).toThrow('PORT: is required and not set');
});

test('a secret that is too short is refused', () => {
  for (const KEY of ['short', `${'a'.repeat(16)},short`, `${'a'.repeat(16)},`, ',', `,${'a'.repeat(16)}`]) {
    expect(() => parseConfig(z.object({ KEY: configFields.secrets }), { KEY })).toThrow(/^KEY: .*16/);
  }
});

test.each([
  'nats://127.0.0.1:4222',
  'nats://gateway:p%40ss%2Fword%2C@nats:4222',
  'nats://a-token@nats:4222',
  'nats://user:secret@a:4222,nats://b:4222, c:4222',
  'tls://[::1]:4222',
])('a NATS_URL may be %s', (NATS_URL) => {
  expect(parseConfig(z.object({ NATS_URL: configFields.natsUrl }), { NATS_URL })).toEqual({ NATS_URL });
});

test.each(['nats', 'localhost:4222', 'http://nats:4222', 'nats://user:se/cret@nats:4222', 'nats://a:4222,http://b'])(
  'a NATS_URL may not be %s, and the refusal does not repeat what may be a password',
  (NATS_URL) => {
    const read = () => parseConfig(z.object({ NATS_URL: configFields.natsUrl }), { NATS_URL });
    expect(read).toThrow(/^NATS_URL: must be/);
    expect(read).not.toThrow(/cret/);
  },
);
