import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { isUnavailable } from './is-unavailable.ts';
import { httpStatusOf, KithError } from './kith-error.ts';

const MAX_BODY_BYTES = 1024 * 1024;

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

/**
 * The body as JSON; KithError BAD_USER_INPUT when it is not JSON or is larger than `maxBytes` (1 MiB unless told).
 */
export async function readJsonBody(request: IncomingMessage, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new KithError('BAD_USER_INPUT', `The body is larger than ${maxBytes} bytes.`, { limit: maxBytes });
    }
    chunks.push(chunk);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    throw new KithError('BAD_USER_INPUT', 'The body is not JSON.');
  }
}

/** Answers an error in the shape GraphQL uses: `{"errors":[{"message","extensions":{"code"}}]}`. */
export function sendError(response: ServerResponse, error: unknown, log: Logger): void {
  const visible = visibleErrorOf(error, log);
  if (response.headersSent) {
    // Half an answer is on its way: cutting the connection is the only way left to say that it is not whole.
    response.destroy();
    return;
  }
  const extensions = { code: visible.code, ...visible.extensions };
  const { retryAfterMs } = visible.extensions;
  if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  sendJson(response, httpStatusOf(visible.code), { errors: [{ message: visible.message, extensions }] });
}

function visibleErrorOf(error: unknown, log: Logger): KithError {
  if (error instanceof KithError) return error;
  if (isUnavailable(error)) {
    log.warn({ err: error }, 'a dependency did not answer');
    return new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.');
  }
  log.error({ err: error }, 'unexpected error while answering a request');
  return new KithError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
}
