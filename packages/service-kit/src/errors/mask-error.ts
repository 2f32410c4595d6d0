import { isOutage } from '@kith/event-delivery/outage';
import { GraphQLError, type GraphQLErrorOptions } from 'graphql';
import type { Logger } from 'pino';
import { graphqlErrorOf, KithError } from './kith-error.ts';

/** Translates an error of a service's own rules into what clients may see; undefined for any other error. */
export type TranslateError = (error: unknown) => KithError | undefined;

/**
 * Turns whatever a resolver threw into what a client may see: a KithError as it is, a mistake in the document or its
 * variables as BAD_USER_INPUT, an unavailable dependency as SERVICE_UNAVAILABLE, and everything else as
 * INTERNAL_SERVER_ERROR without details (those go to the log).
 */
export function maskError(error: unknown, log: Logger, translate?: TranslateError): GraphQLError {
  const thrown = rootOf(error);
  const root = translate?.(thrown) ?? thrown;
  if (root instanceof KithError) return placed(graphqlErrorOf(root), error);
  if (root instanceof GraphQLError) {
    return root.extensions.code === undefined ? placed(withCode('BAD_USER_INPUT', root), error) : placed(root, error);
  }
  if (isOutage(root)) {
    log.warn({ err: root }, 'a dependency did not answer');
    return placed(graphqlErrorOf(new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.')), error);
  }
  log.error({ err: root }, 'unexpected error in a resolver');
  return placed(graphqlErrorOf(new KithError('INTERNAL_SERVER_ERROR', 'Something went wrong on our side.')), error);
}

function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof GraphQLError && root.originalError !== undefined) root = root.originalError;
  return root;
}

function withCode(code: string, error: GraphQLError): GraphQLError {
  return new GraphQLError(error.message, { ...placeOf(error), extensions: { ...error.extensions, code } });
}

/** The masked error keeps the path and locations that execution gave the original. */
function placed(error: GraphQLError, where: unknown): GraphQLError {
  if (!(where instanceof GraphQLError)) return error;
  return new GraphQLError(error.message, { ...placeOf(where), extensions: error.extensions });
}

function placeOf({ nodes, source, positions, path }: GraphQLError): GraphQLErrorOptions {
  return { nodes: nodes ?? null, source: source ?? null, positions: positions ?? null, path: path ?? null };
}
