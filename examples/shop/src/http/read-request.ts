import type { IncomingMessage } from 'node:http';
import { parseJson, readBytes } from '@kith/event-delivery/json-over-http';
import type { z } from 'zod';
import { Refusal } from '../rules/refusal.ts';
import { id as idSchema } from './read-fields.ts';

const MAX_BODY_BYTES = 64 * 1024;

export function readId(written: string | undefined): string {
  const read = idSchema.safeParse(written);
  if (read.success) return read.data;
  throw new Refusal('INVALID_ID', 'The id in the path must be a UUID, as an answer of this service gave it.', 'id');
}

/** Each parameter once. */
export function readQuery(search: string, schema: z.ZodType): unknown {
  const parameters = new URLSearchParams(search);
  const twice = [...parameters.keys()].find((name, at, names) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new Refusal('INVALID_INPUT', `${twice}: is there twice`, twice);
  return parsed(schema, Object.fromEntries(parameters));
}

/** JSON in UTF-8, said to be so, of 64 KiB at most. */
export async function readBody(request: IncomingMessage, schema: z.ZodType): Promise<unknown> {
  const { 'content-type': type = '', 'content-encoding': encoding = 'identity' } = request.headers;
  if (encoding.toLowerCase() !== 'identity' || (type !== '' && !isJson(type))) throw unsupported();
  const bytes = await readBytes(request, MAX_BODY_BYTES);
  if (!bytes) throw new Refusal('BODY_TOO_LARGE', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  if (type === '' && bytes.length > 0) throw unsupported();
  const json = parseJson(bytes);
  if (json === undefined) throw new Refusal('BROKEN_JSON', 'The body is not JSON in UTF-8.');
  return parsed(schema, json);
}

const unsupported = () =>
  new Refusal('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, with the header Content-Type: application/json.');

const isJson = (type: string) => /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i.test(type);

function parsed(schema: z.ZodType, value: unknown): unknown {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const unknown = issue?.code === 'unrecognized_keys';
  const field = [...(issue?.path ?? []), ...(unknown ? issue.keys.slice(0, 1) : [])].join('.');
  const message = unknown ? 'is no field of this request' : issue?.message;
  throw new Refusal('INVALID_INPUT', `${field || 'the request'}: ${message}`, field || undefined);
}
