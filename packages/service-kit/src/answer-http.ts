import type { IncomingMessage, ServerResponse } from 'node:http';
import { isOutage } from '@kith/event-delivery/outage';
import type { Logger } from 'pino';
import { answerBeforeTheBody, isStillSending } from './answer-before-the-body.ts';
import { httpStatusOf, KithError } from './kith-error.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const json = JSON.stringify(body);
  // With its length the answer is one piece; without it, it would be sent in chunks.
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(json) };
  response.writeHead(status, headers).end(json);
}

/**
 * The body as JSON; KithError BAD_USER_INPUT when it is not JSON or is larger than `maxBytes` (1 MiB unless told).
 */
export async function readJsonBody(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const body = await readBytes(request, maxBytes);
  if (!body) throw new KithError('BAD_USER_INPUT', `The body is larger than ${maxBytes} bytes.`, { limit: maxBytes });
  const json = parseJson(body);
  if (json === undefined) throw new KithError('BAD_USER_INPUT', 'The body is not JSON.');
  return json;
}

/** The body, or undefined as soon as it is larger. Rejects when the client goes away in the middle of it. */
export function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  // Its events: to iterate over a request costs as much as all else that is done with a short body.
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) return resolve(undefined);
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        request.pause();
        // Whoever answers lets the rest come.
        request.off('data', take);
        chunks.length = 0;
        resolve(undefined);
      } else chunks.push(chunk);
    };
    request.on('data', take);
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => {
      if (!request.complete) reject(new Error('The client went away before its request was whole.'));
    });
  });
}

/** undefined when it is not JSON in UTF-8. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Answers an error in the shape GraphQL uses: `{"errors":[{"message","extensions":{"code"}}]}`. */
export function sendError(response: ServerResponse, error: unknown, log: Logger): void {
  // Gone in the middle of its request: there is nobody to answer, and nothing went wrong here.
  if (response.req.destroyed && !response.req.complete) return;
  const visible = visibleErrorOf(error, log);
  if (response.headersSent) {
    // Half an answer is on its way: cutting the connection is the only way left to say that it is not whole.
    response.destroy();
    return;
  }
  const extensions = { code: visible.code, ...visible.extensions };
  const { retryAfterMs } = visible.extensions;
  if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  sendRefusal(response, httpStatusOf(visible.code), { errors: [{ message: visible.message, extensions }] });
}

/** As sendJson, also to a request of which more is to come: that is thrown away. */
export function sendRefusal(response: ServerResponse, status: number, body: unknown): void {
  if (isStillSending(response.req)) answerBeforeTheBody(response, status, JSON.stringify(body));
  else sendJson(response, status, body);
}

function visibleErrorOf(error: unknown, log: Logger): KithError {
  if (error instanceof KithError) return error;
  if (isOutage(error)) {
    log.warn({ err: error }, 'a dependency did not answer');
    return new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.');
  }
  log.error({ err: error }, 'unexpected error while answering a request');
  return new KithError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
}
