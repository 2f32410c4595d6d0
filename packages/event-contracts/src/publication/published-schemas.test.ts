import { readFileSync } from 'node:fs';
import { defineEvent } from '@kith/event-delivery/envelope';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { allContracts } from '../events/all-contracts.ts';
import { asyncApiFile, writeAsyncApi } from './async-api.ts';
import { comparePublished, currentSchemas, readPublished } from './published-schemas.ts';

const HOW = `
A published event lives in streams, outboxes and dead letters, and in services that were built against it.
- To change its payload, add a version: move today's schema into \`older\` with a \`lift\`, write the new one as \`newest\`,
  and store a sample of it in samples/.
- Then run: node packages/event-contracts/src/publication/publish-contracts.ts`;

test('no published contract has changed without a new version', () => {
  const { changed, missing, unrecorded } = comparePublished(readPublished(), currentSchemas(allContracts));
  expect(changed, `changed in place.${HOW}`).toEqual([]);
  expect(missing, `published once and gone.${HOW}`).toEqual([]);
  expect(unrecorded, `new, and not recorded as published.${HOW}`).toEqual([]);
});

test('docs/asyncapi.yaml says what the contracts say', () => {
  const how = 'run: node packages/event-contracts/src/publication/publish-contracts.ts';
  expect(readFileSync(asyncApiFile, 'utf8') === writeAsyncApi(), `docs/asyncapi.yaml is out of date; ${how}`).toBe(
    true,
  );
});

const contract = (data: z.ZodType, older: readonly { schema: z.ZodType; lift: (data: never) => unknown }[] = []) =>
  defineEvent({ name: 'shop.moved', subject: (id) => `shop.moved.${id}`, newest: data, older });

test.each([
  ['a field more', z.object({ to: z.string(), by: z.string() })],
  ['a field less', z.object({})],
  ['an optional field', z.object({ to: z.string().optional() })],
  ['another type', z.object({ to: z.number() })],
  ['a stricter value', z.object({ to: z.string().max(10) })],
])('%s is a change', (_what, data) => {
  const published = currentSchemas([contract(z.object({ to: z.string() }))]);
  expect(comparePublished(published, currentSchemas([contract(data)])).changed).toEqual(['shop.moved.v1']);
});

test.each([
  ['at the top', z.object({ to: z.string(), by: z.string().optional() }), z.object({ to: z.string() })],
  [
    'deep inside',
    z.object({ to: z.array(z.object({ id: z.string(), by: z.string().optional() })) }),
    z.object({ to: z.array(z.object({ id: z.string() })) }),
  ],
])('an added optional field is no new version, %s: it only has to be recorded', (_where, newer, older) => {
  const published = currentSchemas([contract(older)]);
  expect(comparePublished(published, currentSchemas([contract(newer)]))).toEqual({
    changed: [],
    missing: [],
    unrecorded: ['shop.moved.v1'],
  });
  // Taking it away again is a change: somebody may have come to rely on it.
  expect(comparePublished(currentSchemas([contract(newer)]), published).changed).toEqual(['shop.moved.v1']);
});

test('a version more is no change, and has to be recorded', () => {
  const first = z.object({ to: z.string() });
  const published = currentSchemas([contract(first)]);
  const newer = contract(z.object({ to: z.array(z.string()) }), [{ schema: first, lift: (data) => data }]);
  expect(comparePublished(published, currentSchemas([newer]))).toEqual({
    changed: [],
    missing: [],
    unrecorded: ['shop.moved.v2'],
  });
});

test('a version that is gone is missing', () => {
  const published = currentSchemas([contract(z.object({}))]);
  expect(comparePublished(published, {}).missing).toEqual(['shop.moved.v1']);
});
