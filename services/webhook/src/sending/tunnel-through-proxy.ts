import http from 'node:http';
import https from 'node:https';
import { isIPv6, type Socket } from 'node:net';

/** The proxy did not make the tunnel. */
export class ProxyRefused extends Error {
  override name = 'ProxyRefused';
  readonly code = 'PROXY_REFUSED';
}

/**
 * A tunnel through a forward proxy (CONNECT, https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6) to an address, and never to
 * a name: the proxy would look that up anew, and nobody here would see what it found. The proxy's URL may hold a user and
 * password.
 */
export function tunnelThroughProxy(
  proxy: URL,
  to: { address: string; port: number },
  options: { timeoutMs: number },
): Promise<Socket> {
  const target = `${isIPv6(to.address) ? `[${to.address}]` : to.address}:${to.port}`;
  const { username, password } = proxy;
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? https : http).request({
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...(username && { 'proxy-authorization': `Basic ${credentials}` }) },
      agent: false,
      timeout: options.timeoutMs,
    });
    request.once('timeout', () => request.destroy(new ProxyRefused(`${proxy.host} does not answer.`)));
    request.once('error', reject);
    request.once('response', (response) => {
      response.destroy();
      reject(new ProxyRefused(`${proxy.host} answered ${response.statusCode}.`));
    });
    request.once('connect', ({ statusCode = 0 }, socket: Socket) => {
      request.setTimeout(0);
      if (statusCode >= 200 && statusCode < 300) resolve(socket);
      else {
        socket.destroy();
        reject(new ProxyRefused(`${proxy.host} answered ${statusCode}.`));
      }
    });
    request.end();
  });
}
