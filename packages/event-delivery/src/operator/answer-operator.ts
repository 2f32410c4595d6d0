import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import type { EventBroker } from '../broker/broker.ts';
import { parseJson, readBytes, sendJson } from '../http/json-over-http.ts';

/** Of node:http: any server can mount it. */
export type OperatorHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const MAX_BODY_BYTES = 1024 * 1024;

/** Answered with 400; the message says what is wrong. */
export class BadInput extends Error {}

class BrokerAway extends Error {
  constructor() {
    super('The event broker is away: try again when it answers.');
  }
}

/** Throws what `answering` answers when there is nothing to be read from it now. */
export function present(broker: EventBroker): EventBroker {
  if (!broker.connected) throw new BrokerAway();
  return broker;
}

/**
 * Answers in the shape GraphQL uses: 400 when the input is wrong, 503 when the broker is away; everything else is for
 * the server to answer.
 */
export function answering(handle: OperatorHandler): OperatorHandler {
  return async (request, response) => {
    try {
      await handle(request, response);
    } catch (error) {
      if (error instanceof BadInput) refuse(response, 400, 'BAD_USER_INPUT', error);
      else if (error instanceof BrokerAway) refuse(response, 503, 'SERVICE_UNAVAILABLE', error);
      else throw error;
    }
  };
}

function refuse(response: ServerResponse, status: number, code: string, { message }: Error): void {
  sendJson(response, status, { errors: [{ message, extensions: { code } }] });
  // What more there is of a body that was too large is thrown away, so that the answer arrives.
  response.req.resume();
}

/** The query's parameters; an empty one counts as not given. */
export function readQuery<Schema extends z.ZodType>(request: IncomingMessage, schema: Schema): z.output<Schema> {
  const { searchParams } = new URL(request.url ?? '/', 'http://operator.invalid');
  return parsed(schema, Object.fromEntries([...searchParams].filter(([, value]) => value !== '')));
}

export async function readBody<Schema extends z.ZodType>(
  request: IncomingMessage,
  schema: Schema,
): Promise<z.output<Schema>> {
  const body = await readBytes(request, MAX_BODY_BYTES);
  if (!body) throw new BadInput(`The body is larger than ${MAX_BODY_BYTES} bytes.`);
  const json = body.length === 0 ? {} : parseJson(body);
  if (json === undefined) throw new BadInput('The body is not JSON.');
  return parsed(schema, json);
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new BadInput(`${issue?.path.join('.')}: ${issue?.message}`);
}

/** One JSON object a line, as they come; waits while the reader is slower. False once the reader is gone. */
export function startLines(response: ServerResponse): (line: object) => Promise<boolean> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  return async (line) => {
    if (response.destroyed) return false;
    if (!response.write(`${JSON.stringify(line)}\n`)) {
      await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined);
    }
    return !response.destroyed;
  };
}
