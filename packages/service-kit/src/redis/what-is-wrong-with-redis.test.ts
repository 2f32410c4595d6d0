import { expect, test } from 'vitest';
import { readRedisUrl } from '../process/redis-address.ts';
import { whatIsWrongWithRedis } from './what-is-wrong-with-redis.ts';

const plain = readRedisUrl('redis://127.0.0.1:6379');
const tls = readRedisUrl('rediss://127.0.0.1:6379');
const coded = (code: string, message = code) => Object.assign(new Error(message), { code });

test.each([
  ['the alert of TLS 1.3', coded('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), /asks for a certificate of its clients/],
  ['the alert about our authority', coded('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'), /REDIS_CERT_FILE$/],
  ['a reset in place of the alert', coded('ECONNRESET', 'read ECONNRESET'), /REDIS_CERT_FILE, or asks for one$/],
  ['a write that met the end', coded('EPIPE', 'write EPIPE'), /REDIS_CERT_FILE, or asks for one$/],
  ['an end without a word', new Error('the connection was lost'), /REDIS_CERT_FILE, or asks for one$/],
  ['nobody there', coded('ECONNREFUSED'), /^Redis does not answer by TLS at the address in REDIS_URL$/],
])('by TLS: %s names what to look at', (_, error, sentence) => {
  expect(whatIsWrongWithRedis(error, tls, false)).toMatch(sentence);
});

test('a server that was reached before, or without TLS, refuses no certificate by ending a connection', () => {
  const lost = new Error('the connection was lost');
  expect(whatIsWrongWithRedis(lost, tls, true)).toBe('Redis does not answer by TLS at the address in REDIS_URL');
  expect(whatIsWrongWithRedis(lost, plain, false)).toBe('Redis does not answer at the address in REDIS_URL');
});
