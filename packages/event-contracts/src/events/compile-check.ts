import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';

/**
 * A schema as a compiled check, for where each message counts: it copies nothing of what it reads, which zod does, and
 * lets unknown fields through. Formats are not checked.
 */
export function compileCheck<Value>(schema: z.ZodType<Value>): (value: unknown) => value is Value {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  return ajv.compile<Value>(z.toJSONSchema(schema, { io: 'input' }));
}
