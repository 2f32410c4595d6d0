import { GraphQLError } from 'graphql';

/** Every code a client can meet in `extensions.code`. Public contract: no code is ever renamed or dropped. */
export const ERROR_CODES = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'USER_NOT_FOUND',
  'NOT_FRIENDS',
  'REQUEST_NOT_FOUND',
  'NOT_ALLOWED',
  'CANNOT_BEFRIEND_SELF',
  'FRIEND_LIMIT_REACHED',
  'USERNAME_TAKEN',
  'INVALID_CREDENTIALS',
  'SESSION_ENDED',
  'RATE_LIMITED',
  'QUERY_TOO_COMPLEX',
  'PERSISTED_QUERY_NOT_FOUND',
  'SERVICE_UNAVAILABLE',
  'INTERNAL_SERVER_ERROR',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorExtensions {
  /** BAD_USER_INPUT: the input field or argument that is wrong. */
  readonly field?: string;
  /** BAD_USER_INPUT: the bound that was exceeded, if any (3 or 32 for a username of 3 to 32 characters). */
  readonly limit?: number;
  /** RATE_LIMITED, and SERVICE_UNAVAILABLE of an overloaded process: milliseconds to wait before trying again. */
  readonly retryAfterMs?: number;
}

/**
 * The only errors that reach clients as they are; anything else is masked. The code is for programs, the message tells
 * a person what to do next.
 */
export class KithError extends Error {
  readonly code: ErrorCode;
  readonly extensions: ErrorExtensions;

  constructor(code: ErrorCode, message: string, extensions: ErrorExtensions = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KithError';
    this.code = code;
    this.extensions = extensions;
  }
}

export function graphqlErrorOf(error: KithError): GraphQLError {
  return new GraphQLError(error.message, {
    extensions: { code: error.code, ...error.extensions },
    originalError: error,
  });
}

/** An error outside GraphQL in the shape that GraphQL uses: `{"errors":[{"message","extensions":{"code"}}]}`. */
export function errorBody({ message, code, extensions }: Pick<KithError, 'message' | 'code' | 'extensions'>) {
  return { errors: [{ message, extensions: { code, ...extensions } }] };
}

/** The status for answers outside GraphQL (the operator's endpoints, refused connections). */
export function httpStatusOf(code: ErrorCode): number {
  switch (code) {
    case 'UNAUTHENTICATED':
    case 'INVALID_CREDENTIALS':
    case 'SESSION_ENDED':
      return 401;
    case 'FORBIDDEN':
    case 'NOT_ALLOWED':
      return 403;
    case 'USER_NOT_FOUND':
    case 'REQUEST_NOT_FOUND':
    case 'NOT_FRIENDS':
      return 404;
    case 'USERNAME_TAKEN':
    case 'FRIEND_LIMIT_REACHED':
      return 409;
    case 'RATE_LIMITED':
      return 429;
    case 'SERVICE_UNAVAILABLE':
      return 503;
    case 'INTERNAL_SERVER_ERROR':
      return 500;
    case 'BAD_USER_INPUT':
    case 'CANNOT_BEFRIEND_SELF':
    case 'QUERY_TOO_COMPLEX':
    case 'PERSISTED_QUERY_NOT_FOUND':
      return 400;
    default: {
      const unhandled: never = code;
      return unhandled;
    }
  }
}
