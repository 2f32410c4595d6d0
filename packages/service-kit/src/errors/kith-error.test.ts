import { expect, test } from 'vitest';
import { ERROR_CODES, graphqlErrorOf, httpStatusOf, KithError } from './kith-error.ts';

test('a GraphQL error carries the code and the extensions, and not the stack', () => {
  const error = graphqlErrorOf(new KithError('BAD_USER_INPUT', 'Too long.', { field: 'nickname', limit: 64 }));
  expect(error.toJSON()).toEqual({
    message: 'Too long.',
    extensions: { code: 'BAD_USER_INPUT', field: 'nickname', limit: 64 },
  });
});

test('every code has an HTTP status of an error', () => {
  for (const code of ERROR_CODES) expect(httpStatusOf(code)).toBeGreaterThanOrEqual(400);
});
