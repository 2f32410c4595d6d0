import { expect, test } from 'vitest';
import { hostInUrl, hostToListenAt } from './host-in-url.ts';

test.each([
  // HOST, in a URL
  ['127.0.0.1', '127.0.0.1'],
  ['localhost', 'localhost'],
  ['::1', '[::1]'],
  ['[::1]', '[::1]'],
  ['2001:db8::7', '[2001:db8::7]'],
  ['0.0.0.0', '127.0.0.1'],
  ['::', '127.0.0.1'],
])('%s stands in a URL as %s, and is listened at without brackets', (host, inUrl) => {
  expect(hostInUrl(host)).toBe(inUrl);
  expect(new URL(`http://${hostInUrl(host)}:4000`).port).toBe('4000');
  expect(hostToListenAt(host)).not.toMatch(/[[\]]/);
});
