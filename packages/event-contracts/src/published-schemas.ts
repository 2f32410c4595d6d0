import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { EventContract } from './event-contract.ts';

/** By type with version (`kith.friend.added.v1`): the JSON Schema of its payload. */
export type Schemas = Readonly<Record<string, object>>;

export const publishedFile = fileURLToPath(new URL('../published-schemas.json', import.meta.url));

/** Every version of the contracts as JSON Schema 2020-12, the shape a producer writes. */
export function currentSchemas(contracts: readonly EventContract[]): Schemas {
  return Object.fromEntries(
    contracts.flatMap(({ name, versions }) =>
      versions.map(({ schema }, index) => [`${name}.v${index + 1}`, withoutDialect(z.toJSONSchema(schema))]),
    ),
  );
}

/** What was ever published, as it was recorded then. */
export function readPublished(): Schemas {
  return JSON.parse(readFileSync(publishedFile, 'utf8')) as Schemas;
}

/**
 * `changed`: published in another shape; `missing`: published, and no longer there; `unrecorded`: there, and not yet
 * recorded as published.
 */
export function comparePublished(published: Schemas, current: Schemas) {
  const types = Object.keys(published);
  return {
    changed: types.filter((type) => type in current && !isDeepStrictEqual(published[type], current[type])),
    missing: types.filter((type) => !(type in current)),
    unrecorded: Object.keys(current).filter((type) => !(type in published)),
  };
}

function withoutDialect({ $schema: _dialect, ...schema }: object & { $schema?: unknown }): object {
  // What zod leaves undefined would not survive the file.
  return JSON.parse(JSON.stringify(schema)) as object;
}
