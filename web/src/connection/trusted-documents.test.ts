import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import { trustedDocuments } from './trusted-documents.ts';

const SOURCES = ['../../../web/src', '../../../packages/client/src'].map((path) => join(import.meta.dirname, path));
const OPERATION = /[`'"]\s*(?:query|mutation|subscription)\s+(\w+)\s*[({]/g;

/** Names of operations that are written in the sources of the page and of its client, in whatever kind of string. */
async function operationsInSources(): Promise<string[]> {
  const names: string[] = [];
  for (const folder of SOURCES) {
    for await (const file of glob('**/*.{ts,tsx}', { cwd: folder })) {
      if (file.includes('generated/') || file.includes('.test.')) continue;
      const text = await readFile(join(folder, file), 'utf8');
      names.push(...[...text.matchAll(OPERATION)].map(([, name]) => name!));
    }
  }
  return names.sort();
}

test('every operation in the sources is a trusted document, once, and no other one is', async () => {
  const trusted = Object.values(trustedDocuments()).map((text) => {
    // The one that a server runs when it is told no name: null where there are two.
    return getOperationAST(parse(text))?.name?.value;
  });
  expect(trusted.length).toBeGreaterThan(15);
  expect(trusted.sort()).toEqual(await operationsInSources());
});
