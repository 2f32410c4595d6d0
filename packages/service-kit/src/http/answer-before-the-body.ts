import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { errorBody } from '../errors/kith-error.ts';

/** How much of a refused body is read and discarded, and for how long: time for its sender to see the answer. */
const LINGER = { atMostMs: 5_000, atMostBytes: 64 * 1024 * 1024 };

/** Whether the request has, or may have, more than was read. */
export function isStillSending({ headers, complete }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0);
}

/**
 * Lingering close (https://nginx.org/en/docs/http/ngx_http_core_module.html#lingering_close): answers a request before
 * its whole body has come, discards the rest, and then closes the connection. Closing while the client still sends
 * would reset the connection and lose the answer.
 */
export function answerBeforeTheBody(response: ServerResponse, status: number, body: string): void {
  const { req: request } = response;
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, headers);
  if (!isStillSending(request)) return void response.end(body);
  // The length makes the answer complete for the client; ending the response may close the connection.
  response.write(body);
  discard(request, (isWhole) => {
    response.end();
    if (!isWhole) response.socket?.destroySoon();
  });
}

/** Replaces Node's answer to unreadable or slow requests by one in our shape that reaches the client. */
export function refuseWhatIsNoRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  const { _httpMessage: begun } = socket as Duplex & { _httpMessage?: ServerResponse };
  if (error.code === 'ECONNRESET' || !socket.writable || begun?.headersSent) {
    socket.destroy(error);
    return;
  }
  const [status, message] = (error.code && REFUSALS[error.code]) || (['400 Bad Request', 'Send HTTP/1.1.'] as const);
  const body = JSON.stringify(errorBody({ message, code: 'BAD_USER_INPUT', extensions: {} }));
  const headers = ['connection: close', 'content-type: application/json; charset=utf-8'];
  socket.write(
    `HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  // Removes the parser, which would report every further chunk.
  socket.removeAllListeners('data');
  discard(socket, () => socket.destroy());
}

const REFUSALS: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'Send shorter headers; a long query by POST.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Content Too Large', 'Send no extensions of chunks.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'Send the whole request sooner.'],
};

function discard(from: Readable, done: (isWhole: boolean) => void): void {
  let bytes = 0;
  const finish = (isWhole: boolean) => {
    clearTimeout(timer);
    from.off('data', count);
    from.off('end', ended);
    from.off('close', gone);
    done(isWhole);
  };
  const ended = () => finish(true);
  const gone = () => finish(false);
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > LINGER.atMostBytes) finish(false);
  };
  const timer = setTimeout(gone, LINGER.atMostMs);
  from.on('data', count).once('end', ended).once('close', gone).on('error', ignore);
  from.resume();
}

const ignore = () => undefined;
