import { buildSchema, execute, GraphQLError, parse, validate } from 'graphql';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { KithError } from './kith-error.ts';
import { maskError } from './mask-error.ts';

const log = pino({ level: 'silent' });
const schema = buildSchema('type Query { name(of: Int!): String! }');

async function errorOf(name: () => unknown): Promise<GraphQLError> {
  const result = await execute({ schema, document: parse('{ name(of: 1) }'), rootValue: { name } });
  return maskError(result.errors?.[0], log);
}

test('a KithError keeps its code, message and path', async () => {
  const masked = await errorOf(() => {
    throw new KithError('NOT_FRIENDS', 'You are not friends.');
  });
  expect(masked.toJSON()).toMatchObject({ message: 'You are not friends.', extensions: { code: 'NOT_FRIENDS' } });
  expect(masked.path).toEqual(['name']);
});

test('anything unexpected is masked', async () => {
  const masked = await errorOf(() => {
    throw new Error('password=secret');
  });
  expect(JSON.stringify(masked)).not.toContain('secret');
  expect(masked.extensions.code).toBe('INTERNAL_SERVER_ERROR');
});

test('a null where the schema allows none is our fault, not the client’s', async () => {
  const masked = await errorOf(() => null);
  expect(masked.extensions.code).toBe('INTERNAL_SERVER_ERROR');
});

test('a dependency that refuses connections is SERVICE_UNAVAILABLE', async () => {
  const masked = await errorOf(() => {
    throw Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  });
  expect(masked.extensions.code).toBe('SERVICE_UNAVAILABLE');
});

test('a mistake in the document is BAD_USER_INPUT and keeps its message', () => {
  const [error] = validate(schema, parse('{ nam }'));
  const masked = maskError(error, log);
  expect(masked.extensions.code).toBe('BAD_USER_INPUT');
  expect(masked.message).toContain('nam');
  expect(masked.locations).toEqual([{ line: 1, column: 3 }]);
});

test('a refusal of the service’s own rules is translated', () => {
  class RuleError extends Error {}
  const translate = (error: unknown) => (error instanceof RuleError ? new KithError('NOT_ALLOWED', 'No.') : undefined);
  const thrown = new GraphQLError('x', { originalError: new RuleError() });
  expect(maskError(thrown, log, translate).extensions.code).toBe('NOT_ALLOWED');
  expect(maskError(new Error('x'), log, translate).extensions.code).toBe('INTERNAL_SERVER_ERROR');
});
