import { GraphQLError } from 'graphql';
import { expect, test } from 'vitest';
import { withPublicCode } from './gateway-yoga.ts';

const failed = (code: unknown, path?: string[]) =>
  new GraphQLError('no', { extensions: { code }, ...(path && { path }) });

test.each([
  ['one of Kith’s', failed('NOT_FRIENDS', ['updateFriend']), 'NOT_FRIENDS'],
  ['a code that a service of another has for its own rule', failed('NOT_A_MEMBER', ['setCircleRole']), 'NOT_A_MEMBER'],
  ['none', failed(undefined, ['me']), 'BAD_USER_INPUT'],
  ['what is no code', failed('no code', ['me']), 'BAD_USER_INPUT'],
  ['what GraphQL says of a document', failed('GRAPHQL_VALIDATION_FAILED', ['me']), 'BAD_USER_INPUT'],
  ['what a library says before any field is asked for', failed('BAD_REQUEST'), 'BAD_USER_INPUT'],
])('a client is told %s', (_what, error, code) => {
  expect(withPublicCode(error).extensions.code).toBe(code);
});
