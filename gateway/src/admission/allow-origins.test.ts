import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { readAllowedOrigins } from './allow-origins.ts';

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
  expect(readAllowedOrigins(allowed, () => false).allows(from(origin))).toBe(expected);
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
  expect(readAllowedOrigins('', () => false).allows(request)).toBe(expected);
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
  expect(readAllowedOrigins('', () => trusted).allows({ headers } as unknown as IncomingMessage)).toBe(expected);
});

test.each(['app.example.org', 'https://app.example.org/', 'https://*.example.org'])('"%s" is refused', (origin) => {
  expect(() => readAllowedOrigins(origin, () => false)).toThrow(/^ALLOWED_ORIGINS: /);
});
