import { afterEach, expect, test, vi } from 'vitest';
import { proxyForOutside } from './choose-proxy.ts';

const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'].flatMap((name) => [name, name.toUpperCase()]);

function withEnv(env: Record<string, string>): void {
  for (const name of VARIABLES) vi.stubEnv(name, env[name]);
}
afterEach(() => vi.unstubAllEnvs());

const PROXY = 'http://proxy.example:3128';

test.each<[Record<string, string>, string, string | undefined]>([
  [{}, 'https://hooks.example', undefined],
  [{ HTTPS_PROXY: PROXY }, 'https://hooks.example', PROXY],
  [{ https_proxy: PROXY }, 'https://hooks.example', PROXY],
  [{ HTTP_PROXY: PROXY }, 'https://hooks.example', undefined],
  [{ http_proxy: PROXY }, 'http://collector.example:4318/v1/traces', PROXY],
  [{ ALL_PROXY: PROXY }, 'http://collector.example:4318', PROXY],
  [{ all_proxy: PROXY, NO_PROXY: '.example' }, 'https://hooks.example', undefined],
  [{ HTTPS_PROXY: PROXY, no_proxy: 'hooks.example:8443' }, 'https://hooks.example:8443', undefined],
  [{ HTTPS_PROXY: PROXY, no_proxy: 'hooks.example:8443' }, 'https://hooks.example', PROXY],
  [{ HTTPS_PROXY: PROXY, NO_PROXY: '*' }, 'https://hooks.example', undefined],
])('with %j the proxy of %s is %s', (env, url, expected) => {
  withEnv(env);
  expect(proxyForOutside(new URL(url))?.origin).toBe(expected);
});

test.each([
  'http://127.0.0.1:4101',
  'http://127.8.9.10',
  'http://localhost:4000',
  'https://kith.localhost',
  'http://[::1]:80',
  'http://[::ffff:127.0.0.1]',
  'http://2130706433',
])('%s is loopback, and never asked through a proxy', (url) => {
  withEnv({ HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, ALL_PROXY: PROXY });
  expect(proxyForOutside(new URL(url))).toBeUndefined();
});

test.each(['http://localhost.example', 'http://128.0.0.1', 'http://127.0.0.1.example'])('%s is not', (url) => {
  withEnv({ ALL_PROXY: PROXY });
  expect(proxyForOutside(new URL(url))?.origin).toBe(PROXY);
});

test('a proxy that is none of http is refused by name', () => {
  withEnv({ ALL_PROXY: 'socks5://proxy.example:1080' });
  expect(() => proxyForOutside(new URL('https://hooks.example'))).toThrow(/^HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: /);
});
