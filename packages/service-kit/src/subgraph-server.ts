import { GraphQLError, type GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Logger } from 'pino';
import { httpStatusOf, KithError } from './kith-error.ts';
import { maskError, type TranslateError } from './mask-error.ts';
import { isRepeatableAfterTheEnd } from './repeatable-after-the-end.ts';
import { startRequestSpan } from './request-span.ts';
import { sameSecret } from './same-secret.ts';
import type { HttpHandler } from './start-http-server.ts';
import { inTrace } from './trace-context.ts';
import { TokenEnded, type TokenVerifier, type Viewer } from './verify-token.ts';

/** The header in which the gateway, and services among themselves, show that they are inside. */
export const GATEWAY_KEY_HEADER = 'x-kith-gateway-key';

/** Whose request it is on the way from the outside: believed only beside the gateway's key. */
export const CLIENT_ADDRESS_HEADER = 'x-kith-client-address';

/** What every resolver of a subgraph finds in its context. */
export interface SubgraphContext {
  /** null: nobody is signed in, or a service asks. */
  readonly viewer: Viewer | null;
  /** This request's own span: what is written and called on its behalf carries it. */
  readonly traceparent: string;
  /** The client's network address, as the gateway saw it; null when it did not say. */
  readonly clientAddress: string | null;
}

/**
 * The handler for a subgraph's `/graphql`: POST of JSON only, with the gateway's key (401 without it) and, if there is
 * an authorization header, a valid token (401 if it is not). `contextFor` adds what the resolvers of the service need,
 * once per request (data loaders live there).
 */
export function createSubgraphServer<Context extends SubgraphContext>(options: {
  schema: GraphQLSchema;
  gatewayKey: string;
  verify: TokenVerifier;
  log: Logger;
  /** How the refusals of the service's own rules read to clients. */
  translateError?: TranslateError;
  contextFor: (request: SubgraphContext) => Context;
}): HttpHandler {
  const yoga = createYoga<SubgraphContext & { ended?: TokenEnded }>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    multipart: false,
    cors: false,
    logging: false,
    batching: false,
    // Only the gateway gets this far, and it has measured the body: to pass it through a meter once more would cost a
    // fifth of a short query.
    maxRequestBodySize: false,
    context: ({ ended, params }) => {
      if (!ended || isRepeatableAfterTheEnd(params.query)) return {};
      const http = { status: httpStatusOf(ended.code) };
      throw new GraphQLError(ended.message, { extensions: { code: ended.code, http } });
    },
    maskedErrors: { maskError: (error) => maskError(error, options.log, options.translateError) },
  });

  return async (request, response) => {
    const { headers } = request;
    if (!sameSecret(headerOf(headers[GATEWAY_KEY_HEADER]), options.gatewayKey)) {
      throw new KithError('UNAUTHENTICATED', 'Ask the gateway: this endpoint is not for clients.');
    }
    // Yoga would run a mutation sent as a form, which a browser may send from any site.
    if (request.method !== 'POST' || !/^application\/json\b/i.test(headers['content-type'] ?? '')) {
      throw new KithError('BAD_USER_INPUT', 'Send a POST of application/json.');
    }
    const { viewer, ended } = await viewerAsking(options.verify, headers.authorization);
    const span = startRequestSpan('POST /graphql', headerOf(headers.traceparent));
    const { traceparent } = span;
    const clientAddress = headerOf(headers[CLIENT_ADDRESS_HEADER]) ?? null;
    const context = { ...options.contextFor({ viewer, traceparent, clientAddress }), ...(ended && { ended }) };
    try {
      await inTrace(traceparent, () => yoga(request, response, context));
    } finally {
      span.end();
    }
  };
}

async function viewerAsking(
  verify: TokenVerifier,
  authorization: string | undefined,
): Promise<{ viewer: Viewer | null; ended?: TokenEnded }> {
  try {
    return { viewer: await verify(authorization) };
  } catch (error) {
    if (error instanceof TokenEnded) return { viewer: error.viewer, ended: error };
    throw error;
  }
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
