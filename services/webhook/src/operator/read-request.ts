import type { IncomingMessage } from 'node:http';
import { KithError, present } from '@kith/service-kit';
import type { z } from 'zod';

/** @throws {KithError} BAD_USER_INPUT that names the field */
export function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = present(parsed.error.issues[0], 'what cannot be read has an issue');
  const field = path.join('.');
  throw new KithError('BAD_USER_INPUT', field === '' ? message : `${field}: ${message}`, {
    field: String(path[0] ?? ''),
  });
}

/** The query's parameters; an empty one counts as not given. @throws {KithError} BAD_USER_INPUT */
export function readQueryAs<Schema extends z.ZodType>(schema: Schema, request: IncomingMessage): z.output<Schema> {
  const { searchParams } = new URL(request.url ?? '/', 'http://operator.invalid');
  return readAs(schema, Object.fromEntries([...searchParams].filter(([, value]) => value !== '')));
}
