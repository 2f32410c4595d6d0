import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { readAllowedOrigins } from './allow-origins.ts';

const NOBODY = { isFromTrustedProxy: () => false };
const from = (origin: string | undefined, host = 'kith.example.org') =>
  ({ headers: { host, ...(origin !== undefined && { origin }) } }) as unknown as IncomingMessage;

test.each([
  ['', undefined, true],
  ['', 'https://kith.example.org', true],
  ['', 'https://evil.example.org', false],
  ['', 'https://kith.example.org.evil.com', false],
  ['', 'null', false],
  ['', 'file://', false],
  ['https://app.example.org', 'https://app.example.org', true],
  ['https://app.example.org', 'http://app.example.org', false],
  ['https://app.example.org', 'https://app.example.org:8443', false],
  ['https://app.example.org', 'https://sub.app.example.org', false],
  ['https://a.org, https://b.org', 'https://b.org', true],
  ['*', 'https://anywhere.example.org', true],
])('with "%s" the origin %s: %s', (allowed, origin, expected) => {
  expect(readAllowedOrigins(allowed, NOBODY).allows(from(origin))).toBe(expected);
});

test.each([
  ['kith.example.org:443', 'https://kith.example.org', true],
  ['KITH.example.org', 'https://kith.example.org', true],
  ['kith.example.org:80', 'https://kith.example.org', false],
  ['[::1]:4000', 'http://[::1]:4000', true],
  ['evil.example.org@kith.example.org', 'https://kith.example.org', false],
  [undefined, 'null', false],
  ['', 'file://', false],
])('at "%s" a page of %s may: %s', (host, origin, expected) => {
  const request = { headers: { ...(host !== undefined && { host }), origin } } as unknown as IncomingMessage;
  expect(readAllowedOrigins('', NOBODY).allows(request)).toBe(expected);
});

test.each([
  // trusted, X-Forwarded-Host, allowed
  [true, 'kith.example.org', true],
  [true, 'kith.example.org, inside:4000', true],
  [true, 'kith.example.org:443', true],
  [true, 'other.example.org', false],
  [true, undefined, false],
  [false, 'kith.example.org', false],
])('behind a proxy that rewrites Host (trusted: %s) and says %s, its own page may: %s', (trusted, said, expected) => {
  const headers = {
    host: 'inside:4000',
    origin: 'https://kith.example.org',
    ...(said !== undefined && { 'x-forwarded-host': said }),
  };
  expect(
    readAllowedOrigins('', { isFromTrustedProxy: () => trusted }).allows({ headers } as unknown as IncomingMessage),
  ).toBe(expected);
});

test.each(['app.example.org', 'https://app.example.org/', 'https://*.example.org'])('"%s" is refused', (origin) => {
  expect(() => readAllowedOrigins(origin, NOBODY)).toThrow(/^ALLOWED_ORIGINS: /);
});

test.each([
  // allowed in development, elsewhere
  ['http://localhost:5173', true],
  ['http://127.0.0.1:5173', true],
  ['http://[::1]:3000', true],
  ['https://app.localhost', true],
  ['http://localhost.evil.org', false],
  ['http://127.1:5173', false],
  ['http://192.168.0.7:5173', false],
  ['null', false],
])('a page of %s may in development: %s, and in production not', (origin, expected) => {
  expect(readAllowedOrigins('', { ...NOBODY, loopback: true }).allows(from(origin))).toBe(expected);
  expect(readAllowedOrigins('', NOBODY).allows(from(origin))).toBe(false);
});

test('who is refused is told of in the log once, with the variable to set', () => {
  const lines: string[] = [];
  const log = { warn: (_fields: object, line: string) => void lines.push(line) };
  const origins = readAllowedOrigins('https://a.org', { ...NOBODY, log: log as never });
  const headers = { host: 'kith.example.org', origin: 'http://localhost:5173' };
  const response = { setHeader: () => {} } as unknown as ServerResponse;
  const request = { method: 'POST', headers } as unknown as IncomingMessage;
  for (let times = 0; times < 3; times += 1) origins.share(request, response);
  expect(lines).toEqual([expect.stringMatching(/set ALLOWED_ORIGINS=https:\/\/a\.org,http:\/\/localhost:5173$/)]);
  for (let page = 0; page < 500; page += 1)
    origins.tellRefused(from(`http://invented-${page}.example`) as IncomingMessage);
  expect(lines.length).toBeLessThanOrEqual(100);
});
