import { readFileSync } from 'node:fs';
import { isIP, connect as open } from 'node:net';
import { connect as speakTls } from 'node:tls';
import type { TlsOptions } from 'nats';

const ANSWER_WITHIN_MS = 2_000;

/**
 * Probes whether the server accepts our certificate. Under TLS 1.3 it answers only after our side of the handshake,
 * when the client no longer listens for it. Resolves to the error of either side; undefined when there is none, or no
 * TLS.
 */
export function tryTls(server: string, options: TlsOptions | null | undefined): Promise<Error | undefined> {
  const { host, port } = split(server);
  return new Promise((resolve) => {
    const socket = open({ host, port });
    const finish = (error?: Error) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(error);
    };
    const timer = setTimeout(finish, ANSWER_WITHIN_MS);
    socket.once('error', () => finish());
    socket.once('data', (info) => {
      if (!/"tls_(required|available)":\s*true/.test(info.toString())) return finish();
      socket.removeAllListeners('error');
      socket.on('error', finish);
      const secure = speakTls({ socket, ...(isIP(host) === 0 && { servername: host }), ...contentOf(options) });
      secure.once('error', finish);
      secure.once('close', () => finish());
      secure.once('data', () => finish());
      secure.once('secureConnect', () => secure.write('PING\r\n'));
    });
  });
}

function contentOf(options: TlsOptions | null | undefined) {
  const { caFile, certFile, keyFile, ...others } = options ?? {};
  return {
    ...(others as object),
    ...(caFile && { ca: readFileSync(caFile) }),
    ...(certFile && { cert: readFileSync(certFile) }),
    ...(keyFile && { key: readFileSync(keyFile) }),
  };
}

function split(server: string): { host: string; port: number } {
  const { hostname, port } = new URL(`nats://${server}`);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) };
}
