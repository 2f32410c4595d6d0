import { expect, test } from 'vitest';
import { readStartConfig } from './read-start-config.ts';

test('credentials for the NATS that is started here are a mistake, and named', () => {
  expect(() => readStartConfig({ NATS_CREDS_FILE: '/x.creds' })).toThrow(
    'NATS_CREDS_FILE is for a NATS of your own: set NATS_URL, or unset NATS_CREDS_FILE.',
  );
});

test('beside a NATS of one’s own, and without any, they are read', () => {
  const own = { NATS_TOKEN: 'a-token', NATS_URL: 'nats://n:4222' };
  expect(readStartConfig(own)).toMatchObject(own);
  expect(readStartConfig({ NATS_TOKEN: 'a-token', EVENT_BUS: 'in-process' })).toMatchObject({ NATS_TOKEN: 'a-token' });
});
