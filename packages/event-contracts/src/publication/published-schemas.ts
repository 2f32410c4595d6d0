import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import type { EventContract } from '@kith/event-delivery/envelope';
import { z } from 'zod';

/** By type with version (`kith.friend.added.v1`): the JSON Schema of its payload. */
export type Schemas = Readonly<Record<string, object>>;

export const publishedFile = fileURLToPath(new URL('../../published-schemas.json', import.meta.url));

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
 * recorded as published. A field more that may be absent is no other shape: old readers drop it, and new readers do
 * without it in old events. It only has to be recorded.
 */
export function comparePublished(published: Schemas, current: Schemas) {
  const types = Object.keys(published);
  const changed = types.filter((type) => type in current && !onlyAddsOptional(published[type], current[type]));
  return {
    changed,
    missing: types.filter((type) => !(type in current)),
    unrecorded: Object.keys(current).filter(
      (type) => !changed.includes(type) && !isDeepStrictEqual(published[type], current[type]),
    ),
  };
}

/** Equal but for optional properties that only `newer` has, at any depth. */
function onlyAddsOptional(older: unknown, newer: unknown): boolean {
  if (isDeepStrictEqual(older, newer)) return true;
  if (!isPlain(older) || !isPlain(newer)) return false;
  const { properties: before, ...restOfOlder } = older;
  const { properties: after, ...restOfNewer } = newer;
  if (isPlain(before) && isPlain(after)) {
    const kept = Object.keys(before).every((name) => name in after && onlyAddsOptional(before[name], after[name]));
    return kept && onlyAddsOptional(restOfOlder, restOfNewer);
  }
  const keys = new Set([...Object.keys(older), ...Object.keys(newer)]);
  return [...keys].every((key) => key in older && key in newer && onlyAddsOptional(older[key], newer[key]));
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutDialect({ $schema: _dialect, ...schema }: object & { $schema?: unknown }): object {
  // What zod leaves undefined would not survive the file.
  return JSON.parse(JSON.stringify(schema)) as object;
}
