import { expect, test } from 'vitest';
import { isUnavailable } from './is-unavailable.ts';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

test.each(['ECONNREFUSED', 'ECONNRESET', '57P01', '08006', '53300', '40P01', 'P1001', 'P2028'])(
  '%s is a dependency away',
  (code) => {
    expect(isUnavailable(withCode(code))).toBe(true);
  },
);

test.each(['23505', '42P01', 'P2002', 'ENOENT'])('%s is not', (code) => {
  expect(isUnavailable(withCode(code))).toBe(false);
});

test('it looks through causes and aggregates', () => {
  expect(isUnavailable(new Error('query failed', { cause: withCode('ECONNREFUSED') }))).toBe(true);
  expect(isUnavailable(new AggregateError([withCode('ECONNREFUSED')]))).toBe(true);
  expect(isUnavailable('ECONNREFUSED')).toBe(false);
});

test.each([
  'Connection terminated unexpectedly',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
])('pg says it without a code: %s', (message) => {
  expect(isUnavailable(new Error(message))).toBe(true);
});

test('it finds the code of Postgres in what Prisma makes of it', () => {
  const cause = { kind: 'postgres', code: '57P03', message: 'the database system is starting up' };
  const driverAdapterError = Object.assign(new Error('x'), { name: 'DriverAdapterError', cause });
  expect(isUnavailable(Object.assign(withCode('P2039'), { meta: { driverAdapterError } }))).toBe(true);
  expect(isUnavailable(withCode('P2039'))).toBe(false);
});
