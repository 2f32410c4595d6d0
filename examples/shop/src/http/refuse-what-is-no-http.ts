import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RefusalCode, STATUS_OF } from '../rules/refusal.ts';

/** Answers what node cannot read as a request, or not in time, as every refusal is answered. */
export function refuseWhatIsNoHttp(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [code, message] = REFUSALS[error.code ?? ''] ?? UNREADABLE;
  const body = JSON.stringify({ code, message });
  const status = STATUS_OF[code];
  const headers = ['connection: close', 'content-type: application/json; charset=utf-8'];
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...headers, `content-length: ${Buffer.byteLength(body)}`];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const UNREADABLE: [RefusalCode, string] = ['BROKEN_REQUEST', 'This is no request of HTTP/1.1 that can be read.'];
const REFUSALS: Readonly<Record<string, [RefusalCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'Send a shorter path and shorter headers.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TOO_SLOW', 'Send the whole request within 30 seconds.'],
};
