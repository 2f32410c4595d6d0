import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { groupOf, readClientAddresses } from './client-address.ts';

const request = (remoteAddress: string, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

test.each([
  // trusted, from, X-Forwarded-For, whose request it is
  ['', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['loopback', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['loopback', '127.0.0.1', undefined, '127.0.0.1'],
  ['10.0.0.0/8', '10.1.2.3', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
  // What a client wrote itself stands left of what our proxy saw.
  ['10.0.0.0/8', '10.1.2.3', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
  ['10.0.0.0/8', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['loopback', '::ffff:127.0.0.1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  // However a proxy writes it, with whatever port: one client.
  ['loopback', '127.0.0.1', '198.51.100.1:50123', '198.51.100.1'],
  ['loopback', '127.0.0.1', '198.51.100.1:', '198.51.100.1'],
  ['loopback', '127.0.0.1', '"198.51.100.1:4"', '198.51.100.1'],
  ['loopback', '127.0.0.1', '[2001:db8:1:2:3:4:5:6]:443', '2001:db8:1:2::/64'],
  ['loopback', '127.0.0.1', '[2001:db8:1:2::9]', '2001:db8:1:2::/64'],
  ['loopback', '127.0.0.1', ' 2001:DB8:1:2::9%eth0 ', '2001:db8:1:2::/64'],
  ['loopback', '127.0.0.1', '[::ffff:198.51.100.1]:9', '198.51.100.1'],
  ['loopback', '127.0.0.1', '::ffff:c633:6401', '198.51.100.1'],
  ['10.0.0.0/8', '10.1.2.3', '198.51.100.1:77, 10.9.9.9:80', '198.51.100.1'],
  // What is no address is nobody: not what stands left of it either, which the client may have written.
  ['loopback', '127.0.0.1', 'unknown', '127.0.0.1'],
  ['loopback', '127.0.0.1', 'one.example.org', '127.0.0.1'],
  ['loopback', '127.0.0.1', '198.51.100.1, unknown', '127.0.0.1'],
  ['loopback', '127.0.0.1', '', '127.0.0.1'],
  ['loopback', '127.0.0.1', '198.51.100.1,', '127.0.0.1'],
  ['loopback', '127.0.0.1', '198.51.100.999', '127.0.0.1'],
  ['loopback', '127.0.0.1', '3325256705', '127.0.0.1'],
  ['loopback', '127.0.0.1', 'unknown, 198.51.100.1', '198.51.100.1'],
])('trusting "%s", from %s with %s, it is %s', (trusted, from, forwarded, expected) => {
  expect(readClientAddresses(trusted).clientAddressOf(request(from, forwarded))).toBe(expected);
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8::1', '2001:db8:0:0::/64'],
  ['2001:db8:0:0:ffff::1', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['2001:0db8:0000:0000::1', '2001:db8:0:0::/64'],
  ['1::2:3:4:5:192.0.2.1', '1:0:2:3::/64'],
])('%s counts as %s', (address, expected) => {
  expect(groupOf(address)).toBe(expected);
});

test('proxies that cannot be read are refused by the variable’s name', () => {
  expect(() => readClientAddresses('10.0.0.0/99')).toThrow(/^TRUSTED_PROXIES: /);
});
