import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  errorBody,
  type HttpHandler,
  inTrace,
  KithError,
  parseJson,
  present,
  readBytes,
  sendRefusal,
  startRequestSpan,
  traceIdOf,
} from '@kith/service-kit';
import type { Edge } from '../../admission/guard-edge.ts';
import { refuseInAMoment } from '../../admission/refuse-in-a-moment.ts';
import { isBrowserVisit } from '../../pages/graphiql.ts';
import { byWeight, streamFormOf } from '../../request/prefer-media-types.ts';
import type { GatewayYoga } from '../gateway-yoga.ts';
import type { OpenStreams } from './open-streams.ts';

const MAX_BODY_BYTES = 256 * 1024;

/**
 * `/graphql` over HTTP: POST of JSON, GET for queries and streams, answers as JSON or as a stream (server-sent events
 * or multipart), and the GraphiQL page for a browser's visit. Forms and multipart are refused (415): a browser sends
 * those across sites. Every answer names the request (`x-request-id`, the id of its trace), as the logs of all
 * processes do.
 */
export function serveGraphql(options: {
  /** The one for operations that come now. */
  yoga: () => GatewayYoga;
  openStreams: OpenStreams;
  graphiql: HttpHandler | undefined;
  edge: Edge;
}): HttpHandler {
  const { edge } = options;
  return async (request, response) => {
    if (edge.isBusy()) {
      // A page of another origin may not read a refusal that is not shared with it.
      return edge.origins.share(request, response) ? undefined : refuseInAMoment(request, response);
    }
    const span = startRequestSpan(`${request.method} /graphql`, headerOf(request.headers.traceparent));
    response.once('close', span.end);
    const { traceparent } = span;
    request.headers.traceparent = traceparent;
    response.setHeader('x-request-id', present(traceIdOf(traceparent), 'a span has a trace'));
    response.setHeader('x-content-type-options', 'nosniff');
    if (edge.origins.share(request, response)) return;
    if (request.method === 'OPTIONS') return void response.writeHead(204, { allow: ALLOWED }).end();
    asGet(request);
    if (options.graphiql && isBrowserVisit(request)) return options.graphiql(request, response);
    const streamForm = streamFormOf(request.headers.accept ?? '*/*');
    if (request.headers.accept !== undefined) request.headers.accept = byWeight(request.headers.accept);
    const clientAddress = edge.clientAddressOf(request);
    const keepOpen = once(() => {
      keepPlace(edge, clientAddress, response);
      options.openStreams.add(response);
    });
    // Who asks for a stream by name waits for a place before anything else is done.
    if (streamForm?.named) keepOpen();
    if (request.method === 'POST') {
      const operation = await readOperation(request, (body) => edge.trustedDocuments.names(body));
      if ('refused' in operation) return refuse(response, operation);
      // Yoga takes a body that was read already from here.
      Object.assign(request, { body: operation.body });
    } else {
      const unreadable = unreadableParameter(request);
      if (unreadable) return refuse(response, { refused: `Send "${unreadable}" as JSON.`, status: 400 });
    }
    const ofRequest = { clientAddress, streamForm: streamForm?.form, keepOpen };
    await inTrace(traceparent, () => options.yoga()(request, response, ofRequest));
  };
}

function once(task: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    task();
    done = true;
  };
}

const ALLOWED = 'GET, HEAD, POST, OPTIONS';

/** HEAD is answered as GET, of which node leaves out the body; what has no body does not stream either. */
function asGet(request: IncomingMessage): void {
  if (request.method !== 'HEAD') return;
  request.method = 'GET';
  request.headers.accept = (request.headers.accept ?? '*/*').replace(
    /text\/(event-stream|\*)|multipart\/(mixed|\*)|\*\/\*/gi,
    'application/json',
  );
}

/** A stream stays open as a socket does, and counts as one. */
function keepPlace(edge: Edge, clientAddress: string, response: ServerResponse): void {
  const place = edge.openPerAddress.take(clientAddress);
  if (!place) {
    throw new KithError('RATE_LIMITED', 'Too many connections from this address.', { retryAfterMs: 1_000 });
  }
  response.once('close', () => place.giveBack());
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

interface Refusal {
  readonly refused: string;
  readonly status: 400 | 413 | 415;
  readonly limit?: number;
}

async function readOperation(
  request: IncomingMessage,
  namesDocument: (body: object) => boolean,
): Promise<{ body: object } | Refusal> {
  const contentType = request.headers['content-type'] ?? '';
  if (!/^application\/(graphql\+)?json\s*(;|$)/i.test(contentType)) {
    return { refused: 'Send the operation as application/json.', status: 415 };
  }
  // JSON that is exchanged is in UTF-8 (https://www.rfc-editor.org/rfc/rfc8259#section-8.1).
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  if (!/^(utf-?8|us-ascii)$/i.test(charset)) return { refused: 'Send the operation in UTF-8.', status: 415 };
  const bytes = await readBytes(request, MAX_BODY_BYTES);
  if (!bytes) return { refused: `Send at most ${MAX_BODY_BYTES} bytes.`, status: 413, limit: MAX_BODY_BYTES };
  const body = parseJson(bytes);
  // Yoga knows it only as it is usually written.
  request.headers['content-type'] = 'application/json';
  if (Array.isArray(body)) return { refused: 'Send one operation a request: batches are not taken.', status: 400 };
  if (typeof body !== 'object' || body === null || !('query' in body || namesDocument(body))) {
    return { refused: 'Send a JSON object with a "query".', status: 400 };
  }
  return { body };
}

/** Yoga parses both, and takes text that is no JSON for a mistake of its own. */
function unreadableParameter({ url = '' }: IncomingMessage): string | undefined {
  const start = url.indexOf('?');
  if (start === -1) return undefined;
  const parameters = new URLSearchParams(url.slice(start + 1));
  return ['variables', 'extensions'].find((name) => {
    const text = parameters.get(name);
    return text && parseJson(Buffer.from(text)) === undefined;
  });
}

function refuse(response: ServerResponse, { refused, status, limit }: Refusal): void {
  const extensions = limit === undefined ? {} : { limit };
  // What is left of a body that was not read would be taken for the next request.
  response.setHeader('connection', 'close');
  sendRefusal(response, status, errorBody(new KithError('BAD_USER_INPUT', refused, extensions)));
}
