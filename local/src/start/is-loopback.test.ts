import { expect, test } from 'vitest';
import { isLoopback } from './is-loopback.ts';

test.each(['127.0.0.1', '127.8.9.10', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1', 'localhost', 'LOCALHOST'])(
  '%s is reached from this machine alone',
  (host) => expect(isLoopback(host)).toBe(true),
);

test.each([
  '0.0.0.0',
  '::',
  '',
  '192.168.1.7',
  '::ffff:10.0.0.1',
  'fe80::1',
  'kith.example',
  'localhost.example',
  '128.0.0.1',
])('"%s" may be reached from elsewhere', (host) => expect(isLoopback(host)).toBe(false));
