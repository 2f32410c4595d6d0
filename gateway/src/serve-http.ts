import type { IncomingMessage, ServerResponse } from 'node:http';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import type { GatewayYoga } from './gateway-yoga.ts';
import { isBrowserVisit } from './graphiql.ts';
import type { OpenStreams } from './open-streams.ts';

const MAX_BODY_BYTES = 256 * 1024;

/**
 * `/graphql` over HTTP: POST of JSON, GET for queries, answers as JSON or as a stream of server-sent events, and the
 * GraphiQL page for a browser's visit. Forms and multipart are refused (415): a browser sends those across sites.
 */
export function serveGraphql(options: {
  yoga: GatewayYoga;
  openStreams: OpenStreams;
  graphiql: HttpHandler | undefined;
}): HttpHandler {
  return async (request, response) => {
    if (options.graphiql && isBrowserVisit(request)) return options.graphiql(request, response);
    if (request.headers.accept?.includes('text/event-stream')) options.openStreams.add(response);
    if (request.method === 'POST') {
      const operation = await readOperation(request);
      if ('refused' in operation) return refuse(response, operation);
      // Yoga takes a body that was read already from here.
      Object.assign(request, { body: operation.body });
    }
    await options.yoga(request, response);
  };
}

interface Refusal {
  readonly refused: string;
  readonly status: 400 | 413 | 415;
  readonly limit?: number;
}

async function readOperation(request: IncomingMessage): Promise<{ body: object } | Refusal> {
  if (!/^application\/(graphql\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
    return { refused: 'Send the operation as application/json.', status: 415 };
  }
  const bytes = await readBytes(request);
  if (!bytes) return { refused: `Send at most ${MAX_BODY_BYTES} bytes.`, status: 413, limit: MAX_BODY_BYTES };
  const body = parseJson(bytes);
  if (Array.isArray(body)) return { refused: 'Send one operation a request: batches are not taken.', status: 400 };
  if (typeof body !== 'object' || body === null || !('query' in body)) {
    return { refused: 'Send a JSON object with a "query".', status: 400 };
  }
  return { body };
}

/** undefined when there are too many. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return undefined;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function refuse(response: ServerResponse, { refused, status, limit }: Refusal): void {
  const extensions = { code: 'BAD_USER_INPUT', ...(limit === undefined ? {} : { limit }) };
  // What is left of a body that was not read would be taken for the next request.
  response.setHeader('connection', 'close');
  sendJson(response, status, { errors: [{ message: refused, extensions }] });
}
