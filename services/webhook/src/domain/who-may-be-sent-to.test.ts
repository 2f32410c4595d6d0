import { expect, test } from 'vitest';
import { BadRange, isAllowedAddress, readRanges } from './allowed-address.ts';
import { checkAddresses, readEndpointUrl } from './endpoint-url.ts';

const nothing = { http: false, ranges: [] };
const refused = expect.objectContaining({ code: 'BAD_USER_INPUT', field: 'url' });

const PRIVATE = [
  ...['127.0.0.1', '127.1', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '127.0.0.1.', '0', '0.0.0.0'],
  ...['①②⑦.0.0.1', '%31%32%37.0.0.1', '10.0.0.8', '172.16.0.1', '192.168.1.1', '3232235777', '100.64.0.1'],
  ...['169.254.169.254', '0xa9fea9fe', '192.0.2.1', '198.18.0.1', '224.0.0.1', '255.255.255.255'],
  ...['[::1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[fe80::1]', '[fc00::1]', '[fd12::1]'],
  ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001::1]', '[ff02::1]', '[2001:db8::1]', '[::ffff:8.8.8.8]'],
  ...['localhost', 'LOCALHOST.', 'a.localhost', 'kith', 'db.internal', 'printer.local', 'router.lan', 'x.home.arpa'],
];

test.each(PRIVATE)('https://%s/ is refused', (host) => {
  expect(() => readEndpointUrl(`https://${host}/hook`, nothing)).toThrow(refused);
});

test.each([
  ['http over the internet', 'http://example.com/hook'],
  ['another scheme', 'ftp://example.com/hook'],
  ['a file', 'file:///etc/passwd'],
  ['a name and password', 'https://me:secret@example.com/hook'],
  ['a fragment', 'https://example.com/hook#part'],
  ['port 0', 'https://example.com:0/hook'],
  ['no URL', 'example.com/hook'],
  ['nothing', ''],
  ['a URL without an end', `https://example.com/${'x'.repeat(3_000)}`],
])('%s is refused', (_what, url) => {
  expect(() => readEndpointUrl(url, nothing)).toThrow(refused);
});

test('a public host may be sent to, on any port', () => {
  for (const url of ['https://example.com/hook?a=b', 'https://8.8.8.8:8443/', 'https://[2606:4700::1111]/']) {
    expect(readEndpointUrl(url, nothing).href).toBe(url);
  }
});

test('what is allowed is allowed, in any spelling, and nothing else', () => {
  const allowed = { http: true, ranges: readRanges('10.1.0.0/16, 127.0.0.1,fd00::/8') };
  for (const host of ['10.1.2.3', '127.1', '[fd12::1]', '[::ffff:10.1.2.3]', 'receiver.internal', 'localhost']) {
    expect(() => readEndpointUrl(`http://${host}/`, allowed)).not.toThrow();
  }
  for (const host of ['10.2.0.1', '127.0.0.2', '[::1]', '[::ffff:10.2.0.1]', '169.254.169.254']) {
    expect(() => readEndpointUrl(`http://${host}/`, allowed)).toThrow(refused);
  }
});

test('one private address among those of a name refuses all of it', () => {
  const resolved = (...addresses: string[]) => checkAddresses('example.com', addresses, readRanges('10.0.0.0/8'));
  expect(() => resolved('93.184.216.34', '2606:4700::1111', '10.0.0.1')).not.toThrow();
  expect(() => resolved('93.184.216.34', '192.168.0.1')).toThrow(refused);
  expect(() => resolved('::ffff:169.254.169.254')).toThrow(refused);
});

test.each(['fe80::1%eth0', 'not an address', '', '0x7f.1'])(
  'what is no plain address, as "%s", is not allowed',
  (text) => {
    expect(isAllowedAddress(text, [])).toBe(false);
  },
);

test.each(['10.0.0.0/33', '10/8', 'localhost', '10.0.0.0/8; 127.0.0.1', '0x7f.1'])(
  '"%s" is no list of ranges',
  (text) => {
    expect(() => readRanges(text)).toThrow(BadRange);
  },
);
