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
  expect(readAllowedOrigins(allowed).allows(from(origin))).toBe(expected);
});

test.each(['app.example.org', 'https://app.example.org/', 'https://*.example.org'])('"%s" is refused', (origin) => {
  expect(() => readAllowedOrigins(origin)).toThrow(/^ALLOWED_ORIGINS: /);
});
