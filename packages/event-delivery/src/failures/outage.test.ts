import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { PublishFailed } from '../broker/publish-failed.ts';
import { isOutage, isReadOnly, lostToOthers } from './outage.ts';

const withCode = (code: string, message = 'x') => Object.assign(new Error(message), { code });
const named = (name: string) => Object.assign(new Error('x'), { name });
const prismaOver = (cause: object) =>
  Object.assign(withCode('P2039'), {
    meta: { driverAdapterError: Object.assign(new Error('x'), { name: 'DriverAdapterError', cause }) },
  });

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
    ['pg, when no connection was made in time', new Error('timeout expired')],
    ['pg, when none came free in time', new Error('timeout exceeded when trying to connect')],
    ['pg, when TLS is to be had no more', new Error('The server does not support SSL connections')],
    ['pg, when TLS fails', new Error('There was an error establishing an SSL connection')],
    ['a certificate that has expired', withCode('CERT_HAS_EXPIRED')],
    ['a certificate of an authority that is not known yet', withCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
    ['a certificate of another host', withCode('ERR_TLS_CERT_ALTNAME_INVALID')],
    ['a handshake that was refused', withCode('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED')],
    ['Prisma over TLS that fails', prismaOver({ kind: 'TlsConnectionError', reason: 'x' })],
    ['ioredis closed', new Error('Connection is closed.')],
    ['ioredis out of retries', new Error('Reached the max retries per request limit (which is 1).')],
    ['redis loading', new Error('LOADING Redis is loading the dataset in memory')],
    ['a Postgres that became read-only', withCode('25006', 'cannot execute UPDATE in a read-only transaction')],
    ['a lock that was not to be had', withCode('55P03')],
    ['a statement that was cancelled', withCode('57014')],
    ['a full disk', withCode('53100')],
    ['no memory', withCode('53200')],
    ['an error of the disk', withCode('58030')],
    ['a connection that does not exist', withCode('08003')],
    ['a password that was rotated', withCode('28P01')],
    ['a database that is restored', withCode('3D000')],
    ['a transaction that took too long', withCode('25P04')],
    ['Prisma on top of Postgres', prismaOver({ kind: 'postgres', code: '57P03' })],
    ['Prisma, with the code under another name', prismaOver({ kind: 'postgres', originalCode: '25006' })],
    ['Prisma over a connection that was reset', prismaOver({ kind: 'ConnectionClosed' })],
    ['Prisma over one that was refused', prismaOver({ kind: 'DatabaseNotReachable', host: '127.0.0.1', port: 5432 })],
    ['Prisma over one that timed out', prismaOver({ kind: 'SocketTimeout' })],
    ['an IPv4 and an IPv6 address', new AggregateError([withCode('ECONNREFUSED')])],
    ['redis demoted', new Error("READONLY You can't write against a read only replica.")],
    [
      'redis demoted, met by a script of an older server',
      new Error('ERR Error running script (call to f_1): @user_script:1: -READONLY You'),
    ],
    [
      'redis without its primary',
      new Error("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
    ],
    ['redis keys that have moved', new Error('MOVED 866 10.0.0.2:6379')],
    ['redis keys on their way', new Error('ASK 866 10.0.0.2:6379')],
    ['redis cluster down', new Error('CLUSTERDOWN The cluster is down')],
    ['redis full', new Error("OOM command not allowed when used memory > 'maxmemory'.")],
    ['redis that cannot save', new Error('MISCONF Redis is configured to save RDB snapshots, but')],
    ['redis with too few replicas', new Error('NOREPLICAS Not enough good replicas to write.')],
    ['redis with too many clients', new Error('ERR max number of clients reached')],
    ['NATS without responders', named('NoRespondersError')],
    ['NATS without an answer', named('TimeoutError')],
    ['NATS without a quorum', Object.assign(named('JetStreamApiError'), { code: 10008, status: 503 })],
    ['NATS closed', named('ClosedConnectionError')],
    ['undici closed', withCode('UND_ERR_CLOSED')],
    ['out of handles', withCode('EMFILE')],
    ['our own answer', withCode('SERVICE_UNAVAILABLE')],
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
    ['a column that is not there', withCode('42703')],
    ['a value that is too long', withCode('22001')],
    ['Prisma over a unique violation', prismaOver({ kind: 'postgres', code: '23505' })],
    ['a reply of redis about the command', new Error("ERR wrong number of arguments for 'get' command")],
    ['a type that redis refuses', new Error('WRONGTYPE Operation against a key')],
    ['a stream that is not there', Object.assign(named('StreamNotFoundError'), { code: 10059, status: 404 })],
    ['a text that mentions it', new Error('a nickname: READONLY is fine')],
    ['a circle of causes', circle],
    ['no error at all', 'ECONNREFUSED'],
    ['undefined', undefined],
  ])('%s', (_what, error) => expect(isOutage(error)).toBe(false));
});

test('what is only lost to others is told from what is away', () => {
  expect(['40001', '40P01'].map((code) => lostToOthers(prismaOver({ originalCode: code })))).toEqual([true, true]);
  expect(['57P01', '55P03', '25006'].map((code) => lostToOthers(withCode(code)))).toEqual([false, false, false]);
});

test('a server that may only be read is told from one that is away', () => {
  expect([isReadOnly(withCode('25006')), isReadOnly(new Error('READONLY You'))]).toEqual([true, true]);
  expect([isReadOnly(withCode('57P01')), isReadOnly(new Error('LOADING Redis'))]).toEqual([false, false]);
});
