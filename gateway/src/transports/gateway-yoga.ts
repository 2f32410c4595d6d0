import {
  ERROR_CODES,
  httpStatusOf,
  isRepeatableAfterTheEnd,
  KithError,
  type Logger,
  maskError as maskErrorOfService,
  rememberDocuments,
  TokenEnded,
  type TokenVerifier,
} from '@kith/service-kit';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { contextOfRequest, forwardedHeaders } from '../request/context-of-request.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import type { StreamForm } from '../request/prefer-media-types.ts';

export type GatewayYoga = ReturnType<typeof createGatewayYoga>;

/**
 * Parses, validates and executes what arrives, over whichever transport: its envelope is used for WebSockets too. Over
 * WebSocket the context is made by the socket; over HTTP it is read from the headers here, so that a refused token is
 * answered in the media type that the client asked for.
 */
export function createGatewayYoga(options: {
  schema: GraphQLSchema;
  verify: TokenVerifier;
  log: Logger;
  plugins: readonly Plugin<GatewayContext>[];
  /** Headers of clients that services are given. */
  forwardHeaders: readonly string[];
}) {
  const { schema, verify, log, plugins, forwardHeaders } = options;
  return createYoga<Partial<GatewayContext>>({
    schema,
    graphqlEndpoint: '/graphql',
    // Served without yoga: it would render nine megabytes for every visit.
    graphiql: false,
    landingPage: false,
    multipart: false,
    cors: false,
    logging: false,
    batching: false,
    parserAndValidationCache: { documentCache: rememberDocuments(), errorCache: rememberDocuments() },
    // The body is read, and measured, before yoga sees it.
    maxRequestBodySize: false,
    maskedErrors: { maskError: (error) => maskError(error, log) },
    plugins: [...plugins, answerWithPublicCodes, letStreamsThrough],
    context: ({ request, params, traceparent, clientAddress, ...ofRequest }) => {
      if (traceparent !== undefined) return {};
      const isEvents = (ofRequest as { streamForm?: StreamForm }).streamForm === 'events';
      const lastEventId = (isEvents && request.headers.get('last-event-id')) || undefined;
      return refusedAsGraphql(
        contextOfRequest(evenEnded(verify, params.query), {
          authorization: request.headers.get('authorization') ?? undefined,
          traceparent: request.headers.get('traceparent') ?? undefined,
          clientAddress: clientAddress ?? '',
          forwarded: forwardedHeaders(forwardHeaders, (name) => request.headers.get(name)),
          ...(isEvents && { events: { lastEventId } }),
        }),
      );
    },
  });
}

/** For what may be repeated after the end: the user service, which checks the token itself, knows what to make of it. */
const evenEnded =
  (verify: TokenVerifier, query: unknown): TokenVerifier =>
  (authorization) =>
    verify(authorization).catch((error: unknown) => {
      if (error instanceof TokenEnded && isRepeatableAfterTheEnd(query)) return error.viewer;
      throw error;
    });

/** Yoga gives what it refuses itself, an invalid document say, codes of its own. */
const answerWithPublicCodes: Plugin = {
  onExecutionResult({ result }) {
    if (result && !isAsyncIterable(result)) for (const error of [result].flat()) error.errors?.forEach(withPublicCode);
  },
};

/** Yoga says `Content-Encoding: none`, which is none, and proxies would keep a stream until there is enough of it. */
const letStreamsThrough: Plugin = {
  onResponse({ response: { headers } }) {
    if (headers.get('content-encoding') !== 'none') return;
    headers.delete('content-encoding');
    headers.set('x-accel-buffering', 'no');
  },
};

/**
 * For a client that accepts GraphQL's own media type the refusal is also the HTTP status; with application/json it stays
 * 200, as GraphQL over HTTP asks (https://graphql.github.io/graphql-over-http/draft/#sec-application-json).
 */
async function refusedAsGraphql(context: Promise<GatewayContext>): Promise<GatewayContext> {
  try {
    return await context;
  } catch (error) {
    if (!(error instanceof KithError)) throw error;
    const http = { spec: true, status: httpStatusOf(error.code) };
    throw new GraphQLError(error.message, { extensions: { code: error.code, ...error.extensions, http } });
  }
}

/** Errors of services come with their codes and keep them; what GraphQL itself finds wrong is the client's input. */
export function maskError(error: unknown, log: Logger): GraphQLError {
  return withPublicCode(maskErrorOfService(error, log));
}

/** What GraphQL libraries call a document that they refuse begins with GRAPHQL_. */
const CODE_OF_A_SERVICE = /^(?!GRAPHQL_)[A-Z][A-Z0-9_]{0,63}$/;

export function withPublicCode(error: GraphQLError): GraphQLError {
  const { code } = error.extensions;
  if ((ERROR_CODES as readonly unknown[]).includes(code)) return error;
  // A field has failed: what a service calls that is its own.
  if (error.path && typeof code === 'string' && CODE_OF_A_SERVICE.test(code)) return error;
  error.extensions.code = 'BAD_USER_INPUT';
  return error;
}
