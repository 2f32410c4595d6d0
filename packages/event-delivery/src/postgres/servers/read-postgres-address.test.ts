import { expect, test } from 'vitest';
import { readPostgresAddress } from './read-postgres-address.ts';

test('one server, of which nothing is asked, is the address itself', () => {
  const url = 'postgres://kith:p%40ss,word@db.example:6000/kith_friend?sslmode=require';
  expect(readPostgresAddress(url)).toEqual({ servers: [url], wanted: 'any' });
});

test('several servers have user, password, database and parameters in common, and each its own port', () => {
  const url = 'postgresql://u:p@a:5432,b:5433,[::1],10.0.0.1:1/kith?application_name=x&target_session_attrs=read-write';
  expect(readPostgresAddress(url)).toEqual({
    servers: ['a:5432', 'b:5433', '[::1]', '10.0.0.1:1'].map(
      (host) => `postgresql://u:p@${host}/kith?application_name=x`,
    ),
    wanted: 'read-write',
  });
});

test('what is asked of the one server is kept', () => {
  const { servers, wanted } = readPostgresAddress('postgres://a/kith?target_session_attrs=primary');
  expect({ servers, wanted }).toEqual({ servers: ['postgres://a/kith'], wanted: 'primary' });
});

test.each([
  ['mysql://a/kith', /must be a URL/],
  ['', /must be a URL/],
  ['postgres://a,,b/kith', /must name each server/],
  ['postgres://a,/kith', /must name each server/],
  ['postgres://a,:5433/kith', /must name each server/],
  ['postgres://a:1,b:99999/kith', /must name each server/],
  ['postgres://a:x,b/kith', /must name each server/],
  ['postgres://a,b/kith?target_session_attrs=writable', /any, read-write, primary/],
])('%s is refused, with a reason', (url, reason) => {
  expect(() => readPostgresAddress(url)).toThrow(reason);
});

test('a refusal repeats no password', () => {
  expect(() => readPostgresAddress('postgres://kith:secret@a,,b/kith')).toThrow(/^(?!.*secret)/);
});
