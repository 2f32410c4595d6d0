import fc from 'fast-check';
import { expect, test } from 'vitest';
import { writtenAvatarUrl } from './written-text.ts';

const refused = expect.objectContaining({ code: 'BAD_USER_INPUT', details: { field: 'avatarUrl' } });

const PRIVATE_HOSTS = [
  // Loopback, in every spelling of IPv4 that a URL may have.
  '127.0.0.1',
  '127.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0177.0.0.1',
  '017700000001',
  '127.0.0.1.',
  '１２７.０.０.１',
  '%31%32%37.0.0.1',
  '①②⑦.0.0.1',
  '0',
  '0.0.0.0',
  // Private, link-local, shared, and what is nobody's.
  '10.0.0.8',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '3232235777',
  '169.254.169.254',
  '0xa9fea9fe',
  '100.64.0.1',
  '192.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '240.0.0.1',
  '255.255.255.255',
  // IPv6, with an IPv4 in it or without.
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:169.254.169.254]',
  '[::127.0.0.1]',
  '[::a9fe:a9fe]',
  '[::ffff:0:127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001::7f00:1]',
  '[fe80::1]',
  '[febf::1]',
  '[fc00::1]',
  '[fd12:3456:789a::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[2001:db8::1]',
  '[100::1]',
  // Names that never leave a network.
  'localhost',
  'LOCALHOST',
  'localhost.',
  'loca%6Chost',
  'a.localhost',
  'a.localhost.',
  'localhost.localdomain',
  'printer.local',
  'printer.local.',
  'metadata.google.internal',
  'host.docker.internal',
  'router.home.arpa',
  'nas.lan',
  'wiki.corp',
  'kubernetes.default.svc',
  'postgres',
  'postgres.',
  'a..example',
];

test.each(PRIVATE_HOSTS)('an avatar on %s is refused', (host) => {
  for (const url of [`https://${host}/a.png`, `https://${host}:8443/a.png`, `HTTPS://${host}?q#f`]) {
    expect(() => writtenAvatarUrl(url)).toThrow(refused);
  }
});

test.each([
  'https:127.0.0.1/a.png',
  'https:/127.0.0.1/a.png',
  'https:///127.0.0.1/a.png',
  'https:\\\\127.0.0.1\\a.png',
  'https:a.example/a.png',
  'https://a.example\\@127.0.0.1/a.png',
  'https://a.example@127.0.0.1/a.png',
  'https://127.0.0.1#@a.example/a.png',
  'https://@127.0.0.1/a.png',
  'https://:@a.example/a.png',
  'https://a.example:99999/a.png',
  'https://256.256.256.256/a.png',
  'https://1.2.3.4.5/a.png',
  'https://[::1/a.png',
  'https://[fe80::1%25eth0]/a.png',
])('%s, which parsers read differently or not at all, is refused', (url) => {
  expect(() => writtenAvatarUrl(url)).toThrow(refused);
});

test.each([
  'https://example.org/a.png',
  'https://EXAMPLE.org:8443/a.png?size=2#top',
  'https://example.org.',
  'https://8.8.8.8/a.png',
  'https://172.15.0.1/a.png',
  'https://172.32.0.1/a.png',
  'https://169.253.0.1/a.png',
  'https://[2606:4700:4700::1111]/a.png',
  'https://bücher.example/ä.png',
  'https://localhost.example/a.png',
  'https://internal.example/a.png',
  'https://127.0.0.1.example/a.png',
  'https://a.example/@somebody/a.png',
  'https://a.example/?from=http://127.0.0.1/',
])('%s is an avatar', (url) => {
  expect(writtenAvatarUrl(url)).toBe(url);
});

test('no spelling of a private IPv4 address is accepted', () => {
  const privateAddress = fc.oneof(
    fc.tuple(fc.constantFrom(10, 127, 0), fc.nat(255), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(192), fc.constant(168), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(172), fc.integer({ min: 16, max: 31 }), fc.nat(255), fc.nat(255)),
    fc.tuple(fc.constant(169), fc.constant(254), fc.nat(255), fc.nat(255)),
  );
  const number = ([a, b, c, d]: readonly number[]) => ((a! * 256 + b!) * 256 + c!) * 256 + d!;
  const hex = (value: number) => value.toString(16);
  const spellings: ((bytes: readonly number[]) => string)[] = [
    (bytes) => bytes.join('.'),
    (bytes) => String(number(bytes)),
    (bytes) => `0x${hex(number(bytes))}`,
    (bytes) => `0${number(bytes).toString(8)}`,
    (bytes) => bytes.map((byte) => `0x${hex(byte)}`).join('.'),
    (bytes) => bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    ([a, b, c, d]) => `${a}.${(b! * 256 + c!) * 256 + d!}`,
    (bytes) => `[::ffff:${bytes.join('.')}]`,
    (bytes) => `[::${bytes.join('.')}]`,
    (bytes) => `[64:ff9b::${bytes.join('.')}]`,
  ];
  fc.assert(
    fc.property(privateAddress, fc.constantFrom(...spellings), (bytes, spell) => {
      expect(() => writtenAvatarUrl(`https://${spell(bytes)}/a.png`)).toThrow(refused);
    }),
  );
});
