import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { isOutage } from './outage.ts';
import { PublishFailed } from './publish-failed.ts';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('is an outage', () => {
  test.each([
    ['Postgres shutting down', withCode('57P01')],
    ['Postgres starting up', withCode('57P03')],
    ['too many connections', withCode('53300')],
    ['a serialization failure', withCode('40001')],
    ['a deadlock', withCode('40P01')],
    ['cut off in a transaction', withCode('25P03')],
    ['pg without a code', new Error('Connection terminated unexpectedly')],
    ['pg, asked after it', new Error('Client has encountered a connection error and is not queryable')],
    ['ioredis closed', new Error('Connection is closed.')],
    ['ioredis out of retries', new Error('Reached the max retries per request limit (which is 1).')],
    ['redis loading', new Error('LOADING Redis is loading the dataset in memory')],
    ['a cause deep down', new TypeError('fetch failed', { cause: withCode('ECONNREFUSED') })],
    ['NATS away', new PublishFailed('NO_ACK', 'x')],
  ])('%s', (_what, error) => expect(isOutage(error)).toBe(true));

  test('a refused connection, as Node reports it', async () => {
    const error = await new Promise((resolve) => connect(1, '127.0.0.1').once('error', resolve));
    expect(isOutage(error)).toBe(true);
  });
});

describe('is a fault of the message or of the code', () => {
  const circle = new Error('circle');
  circle.cause = circle;
  test.each([
    ['a unique violation', withCode('23505')],
    ['a syntax error', withCode('42601')],
    ['an HTTP status for a code', withCode('404')],
    ['a bug', new TypeError('x is not a function')],
    ['a message that only mentions it', new Error('cannot name a user "Connection terminated"')],
    ['a circle of causes', circle],
    ['no error at all', 'ECONNREFUSED'],
    ['undefined', undefined],
  ])('%s', (_what, error) => expect(isOutage(error)).toBe(false));
});
