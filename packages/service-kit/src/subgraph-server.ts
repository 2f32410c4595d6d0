import type { GraphQLSchema } from 'graphql';
import { createYoga } from 'graphql-yoga';
import type { Logger } from 'pino';
import { KithError } from './kith-error.ts';
import { maskError, type TranslateError } from './mask-error.ts';
import { sameSecret } from './same-secret.ts';
import type { HttpHandler } from './start-http-server.ts';
import { childTraceparent, inTrace } from './trace-context.ts';
import type { TokenVerifier, Viewer } from './verify-token.ts';

/** The header in which the gateway, and services among themselves, show that they are inside. */
export const GATEWAY_KEY_HEADER = 'x-kith-gateway-key';

/** What every resolver of a subgraph finds in its context. */
export interface SubgraphContext {
  /** null: nobody is signed in, or a service asks. */
  readonly viewer: Viewer | null;
  /** This request's own span: what is written and called on its behalf carries it. */
  readonly traceparent: string;
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
  const yoga = createYoga<SubgraphContext>({
    schema: options.schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    multipart: false,
    cors: false,
    logging: false,
    batching: false,
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
    const viewer = await options.verify(headers.authorization);
    const traceparent = childTraceparent(headerOf(headers.traceparent));
    await inTrace(traceparent, () => yoga(request, response, options.contextFor({ viewer, traceparent })));
  };
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
