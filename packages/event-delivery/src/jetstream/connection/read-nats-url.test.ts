import { expect, test } from 'vitest';
import { NatsAccessError } from './nats-access-error.ts';
import { readNatsUrl } from './read-nats-url.ts';

test.each([
  ['nats://h', ['h:4222'], {}, '_INBOX'],
  ['nats://h:1/', ['h:1'], {}, '_INBOX'],
  ['nats://gateway:p%40s%2Fs%25%2C@h:1', ['h:1'], { user: 'gateway', pass: 'p@s/s%,' }, '_INBOX.gateway'],
  ['nats://a%20b:%C3%A4@h', ['h:4222'], { user: 'a b', pass: 'ä' }, '_INBOX'],
  ['nats://to%2Fken@h', ['h:4222'], { token: 'to/ken' }, '_INBOX'],
  ['nats://u:p@a:1,nats://b:2, c', ['a:1', 'b:2', 'c:4222'], { user: 'u', pass: 'p' }, '_INBOX.u'],
  ['nats://a:1,nats://u:p@b:2', ['a:1', 'b:2'], { user: 'u', pass: 'p' }, '_INBOX.u'],
  ['nats://u:p@[::1]:1', ['[::1]:1'], { user: 'u', pass: 'p' }, '_INBOX.u'],
  ['nats://x.>:p@h', ['h:4222'], { user: 'x.>', pass: 'p' }, '_INBOX'],
])('%s', (url, servers, credentials, inboxPrefix) => {
  expect(readNatsUrl(url)).toMatchObject({ servers, credentials, inboxPrefix, encrypted: false });
});

test('tls:// is never spoken in the clear', () => {
  expect(readNatsUrl('tls://u:p@h:1')).toMatchObject({ servers: ['h:1'], encrypted: true });
});

test.each([
  ['', /names no host|is not a URL/],
  ['http://h', /must start with nats/],
  ['nats://u:se/cret@h', /is not a URL/],
  ['nats://u:1/secret@h', /behind the port/],
  ['nats://u:1#secret@h', /behind the port/],
  ['nats://u:1?secret@h', /behind the port/],
  ['nats://u:secret%@h', /encodes nothing/],
  ['nats://u:secret@a,nats://v:secret@b', /different credentials/],
  ['nats://a,', /names no host|is not a URL/],
])('%s is refused in words that hold no secret', (url, why) => {
  const read = () => readNatsUrl(url);
  expect(read).toThrow(NatsAccessError);
  expect(read).toThrow(why);
  expect(read).toThrow(/^NATS_URL: /);
  expect(read).not.toThrow(/cret/);
});

test('what is shown of an address has no secret in it', () => {
  expect(readNatsUrl('nats://u:secret@a:1,nats://b').shown).toBe('a:1, b:4222 (as u)');
  expect(readNatsUrl('nats://secret@a:1').shown).toBe('a:1 (by token)');
  expect(readNatsUrl('nats://a:1').shown).toBe('a:1 (without credentials)');
});
