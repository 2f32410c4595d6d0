import type { IncomingMessage } from 'node:http';
import { sendJson } from '@kith/event-delivery/json-over-http';
import {
  type DocumentNode,
  type ExecutionArgs,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  parse,
  validate,
} from 'graphql';
import type { Logger } from 'pino';
import { KithError } from '../errors/kith-error.ts';
import { maskError, type TranslateError } from '../errors/mask-error.ts';
import { readJsonBody } from '../http/answer-http.ts';
import type { HttpHandler } from '../http/start-http-server.ts';
import { acceptsSecret, type SharedSecret } from '../identity/same-secret.ts';
import { TokenEnded, type TokenVerifier, type Viewer } from '../identity/verify-token.ts';
import { startRequestSpan } from '../telemetry/request-span.ts';
import { inTrace } from '../telemetry/trace-context.ts';
import { answerManyCalls, type Caller } from './answer-many-calls.ts';
import { mutationExecutor } from './execute-mutation.ts';
import type { AskedCall } from './many-calls.ts';
import { rememberDocuments } from './remember-documents.ts';
import { isRepeatableAfterTheEnd } from './repeatable-after-the-end.ts';

/** The header by which the gateway and the services authenticate to each other. */
export const GATEWAY_KEY_HEADER = 'x-kith-gateway-key';

/** The network address of the client: trusted only together with the gateway's key. */
export const CLIENT_ADDRESS_HEADER = 'x-kith-client-address';

/** The context of every resolver of a subgraph. */
export interface SubgraphContext {
  /** null: nobody is signed in, or a service asks. */
  readonly viewer: Viewer | null;
  /** This request's span: writes and calls on its behalf carry it. */
  readonly traceparent: string;
  /** The client's network address, as the gateway saw it; null when it did not say. */
  readonly clientAddress: string | null;
  /** Cancellation: aborted when the caller has closed the connection before the answer, so that its work can end. */
  readonly callerGone: () => AbortSignal;
}

/**
 * The handler for a subgraph's `/graphql`, one request at a time or many over one connection: POST of JSON only, with the gateway's key (401 without it) and, if there is
 * an authorization header, a valid token (401 if it is not). `contextFor` adds what the resolvers of the service need,
 * once per request (data loaders live there).
 */
export function createSubgraphServer<Context extends SubgraphContext>(options: {
  schema: GraphQLSchema;
  gatewayKey: SharedSecret;
  verify: TokenVerifier;
  log: Logger;
  /** Translates errors of the service's own rules for clients. */
  translateError?: TranslateError;
  contextFor: (request: SubgraphContext) => Context;
}): HttpHandler {
  const { schema, log } = options;
  const prepared = rememberDocuments<Prepared>();
  const prepare = (query: string): Prepared => {
    const known = prepared.get(query);
    if (known) return known;
    const fresh = parseAndValidate(schema, query);
    prepared.set(query, fresh);
    return fresh;
  };
  const executeMutation = mutationExecutor(schema);
  const run = (args: ExecutionArgs) =>
    getOperationAST(args.document, args.operationName)?.operation === 'mutation'
      ? executeMutation(args)
      : execute(args);
  const masked = (error: GraphQLError) => maskError(error, log, options.translateError);

  const answerFor: AnswerFor = async ({ viewer, ended }, call, { gone }) => {
    const { headers } = call;
    const { query, variables, operationName } = operationIn(call.body);
    if (ended && !isRepeatableAfterTheEnd(query)) throw ended;
    const span = startRequestSpan('POST /graphql', headers.traceparent);
    const { traceparent } = span;
    const clientAddress = headers[CLIENT_ADDRESS_HEADER] ?? null;
    try {
      const { document, errors } = prepare(query);
      const contextValue = options.contextFor({ viewer, traceparent, clientAddress, callerGone: gone });
      const result = document
        ? await inTrace(traceparent, () =>
            run({ schema, document, contextValue, variableValues: variables, operationName }),
          )
        : { errors };
      return result.errors ? { ...result, errors: result.errors.map(masked) } : result;
    } finally {
      span.end();
    }
  };
  return overHttpAndOverOneConnection({ ...options, answerFor });
}

type AnswerFor = (asking: Asking, call: Pick<AskedCall, 'headers' | 'body'>, caller: Caller) => Promise<unknown>;

function overHttpAndOverOneConnection(options: {
  gatewayKey: SharedSecret;
  verify: TokenVerifier;
  log: Logger;
  answerFor: AnswerFor;
}): HttpHandler {
  const { verify, log, answerFor } = options;
  const isTheKey = acceptsSecret(options.gatewayKey);
  const isGateways = ({ headers }: IncomingMessage) => isTheKey(headerOf(headers[GATEWAY_KEY_HEADER]));
  const answerOne: HttpHandler = async (request, response) => {
    if (!isGateways(request)) {
      throw new KithError('UNAUTHENTICATED', 'Ask the gateway: this endpoint is not for clients.');
    }
    // Prevents CSRF: a browser may send a form, for example, from any site.
    if (request.method !== 'POST' || !/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
      throw new KithError('BAD_USER_INPUT', 'Send a POST of application/json.');
    }
    const headers = onceEach(request.headers);
    const asking = await viewerAsking(verify, headers.authorization);
    const body = await readJsonBody(request, MAX_BODY_BYTES);
    sendJson(response, 200, await answerFor(asking, { headers, body }, { gone: whenClosedUnanswered(response) }));
  };
  const upgrade = answerManyCalls({
    ...{ isGateways, longestCall: MAX_BODY_BYTES, log },
    answerCall: async (call, caller) => answerFor(await viewerAsking(verify, call.headers.authorization), call, caller),
  });
  return Object.assign(answerOne, { upgrade });
}

/** Created lazily: most requests run no statement that is worth cancelling. */
function whenClosedUnanswered(response: Parameters<HttpHandler>[1]): () => AbortSignal {
  let gone: AbortController | undefined;
  return () => {
    if (gone) return gone.signal;
    const controller = new AbortController();
    gone = controller;
    const closed = () => {
      if (!response.writableFinished) controller.abort();
    };
    if (response.closed) closed();
    else response.once('close', closed);
    return controller.signal;
  };
}

/** Lists of entities to be joined are long; a holder of the gateway's key could send more. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/** A document that is valid for the schema, or the errors. */
type Prepared =
  | { readonly document: DocumentNode; readonly errors?: never }
  | { readonly document?: never; readonly errors: readonly GraphQLError[] };

function parseAndValidate(schema: GraphQLSchema, query: string): Prepared {
  try {
    const document = parse(query, { noLocation: true });
    const errors = validate(schema, document);
    return errors.length > 0 ? { errors } : { document };
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

interface Operation {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | null;
}

function operationIn(body: unknown): Operation {
  const { query, variables, operationName } = (body ?? {}) as Partial<Record<keyof Operation, unknown>>;
  if (typeof query !== 'string') throw new KithError('BAD_USER_INPUT', 'Send a JSON object with a "query".');
  return {
    query,
    variables: (typeof variables === 'object' && variables ? variables : {}) as Operation['variables'],
    operationName: typeof operationName === 'string' ? operationName : null,
  };
}

interface Asking {
  readonly viewer: Viewer | null;
  readonly ended?: TokenEnded;
}

async function viewerAsking(verify: TokenVerifier, authorization: string | undefined): Promise<Asking> {
  try {
    return { viewer: await verify(authorization) };
  } catch (error) {
    if (error instanceof TokenEnded) return { viewer: error.viewer, ended: error };
    throw error;
  }
}

/** Those that a call may need, each as one text. */
function onceEach(headers: IncomingMessage['headers']): Record<string, string> {
  const given = ['authorization', 'traceparent', CLIENT_ADDRESS_HEADER].map((name) => [name, headerOf(headers[name])]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
