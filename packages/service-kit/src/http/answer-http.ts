import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseJson, readBytes, sendJson } from '@kith/event-delivery/json-over-http';
import { isOutage } from '@kith/event-delivery/outage';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { type ErrorExtensions, errorBody, httpStatusOf, KithError } from '../errors/kith-error.ts';
import { answerBeforeTheBody, isStillSending } from './answer-before-the-body.ts';

const MAX_BODY_BYTES = 1024 * 1024;

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

/**
 * The body, validated by the schema. KithError BAD_USER_INPUT names the first invalid field; `otherwise` is the field
 * named when the body is not an object.
 */
export async function readBodyAs<Schema extends z.ZodType>(
  schema: Schema,
  request: IncomingMessage,
  otherwise: string,
  extensions: ErrorExtensions = {},
): Promise<z.output<Schema>> {
  const read = schema.safeParse(await readJsonBody(request));
  if (read.success) return read.data;
  const { path = [], message = '' } = read.error.issues[0] ?? {};
  const field = String(path[0] ?? otherwise);
  throw new KithError('BAD_USER_INPUT', `${path.join('.') || field}: ${message}`, { field, ...extensions });
}

/** Answers an error in the shape GraphQL uses: `{"errors":[{"message","extensions":{"code"}}]}`. */
export function sendError(response: ServerResponse, error: unknown, log: Logger): void {
  // The client disconnected during its request: there is nobody to answer, and nothing failed here.
  if (response.req.destroyed && !response.req.complete) return;
  const visible = visibleErrorOf(error, log);
  if (response.headersSent) {
    // Half an answer is already sent: only closing the connection can still show that it is incomplete.
    response.destroy();
    return;
  }
  const { retryAfterMs } = visible.extensions;
  if (retryAfterMs !== undefined) response.setHeader('retry-after', Math.max(1, Math.ceil(retryAfterMs / 1000)));
  sendRefusal(response, httpStatusOf(visible.code), errorBody(visible));
}

/** Like sendJson, also for a request that is still sending: the rest is discarded. */
export function sendRefusal(response: ServerResponse, status: number, body: unknown): void {
  if (isStillSending(response.req)) answerBeforeTheBody(response, status, JSON.stringify(body));
  else sendJson(response, status, body);
}

/** As a client may see it; what is not for clients is logged. */
export function visibleErrorOf(error: unknown, log: Logger): KithError {
  if (error instanceof KithError) return error;
  if (isOutage(error)) {
    log.warn({ err: error }, 'a dependency did not answer');
    return new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.');
  }
  log.error({ err: error }, 'unexpected error while answering a request');
  return new KithError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.');
}
