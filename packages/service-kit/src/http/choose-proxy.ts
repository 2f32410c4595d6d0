import http from 'node:http';
import { isIP } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';

/** A proxy variable holds what is no http or https proxy. */
export class ProxyUnusable extends Error {
  override name = 'ProxyUnusable';
  readonly code = 'PROXY_UNUSABLE';
}

/**
 * The forward proxy through which a place outside is asked: by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either
 * case, as curl reads them; undefined for none. Loopback has none, whatever they say.
 *
 * @throws {ProxyUnusable}
 */
export function proxyForOutside(url: URL): URL | undefined {
  if (isLoopbackName(url.hostname)) return undefined;
  const said = getProxyForUrl(url.href);
  if (said === '') return undefined;
  const proxy = URL.parse(said);
  if (proxy && /^https?:$/.test(proxy.protocol) && proxy.hostname !== '') return proxy;
  throw new ProxyUnusable('HTTP_PROXY, HTTPS_PROXY or ALL_PROXY: must be a URL that starts with http:// or https://');
}

/** As `URL.hostname` spells it: `localhost` and names under it, 127.0.0.0/8 and ::1, also mapped. */
export function isLoopbackName(hostname: string): boolean {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  if (isIP(bare) === 4) return bare.startsWith('127.');
  return /^(.+\.)?localhost\.?$/.test(bare) || bare === '::1' || /^::ffff:(127\.|7f[0-9a-f]{2}:)/.test(bare);
}

/** Of Node 24.14 on, which its types do not know yet: https://nodejs.org/api/http.html#httpsetglobalproxyfromenvproxyenv */
type WithProxySupport = typeof http & { setGlobalProxyFromEnv(env: Record<string, string>): unknown };
const NOWHERE = 'http://none.invalid';

/**
 * What this process asks by `fetch` and by Node's default agents goes straight there from now on: that is all that services
 * say to each other. Node's proxy support (NODE_USE_ENV_PROXY, --use-env-proxy) would send it to a proxy outside. What is
 * meant for outside asks `proxyForOutside`.
 */
export function askInsideDirectly(): void {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = process.env;
  if (!NODE_USE_ENV_PROXY && ![NODE_OPTIONS, ...process.execArgv].some((option) => option.includes('use-env-proxy'))) {
    return;
  }
  (http as WithProxySupport).setGlobalProxyFromEnv({ http_proxy: NOWHERE, https_proxy: NOWHERE, no_proxy: '*' });
}
