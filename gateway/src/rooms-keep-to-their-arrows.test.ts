import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const MOST_FILES = 15;

const files = globSync('**/*.ts', { cwd: SOURCES });
const isForTests = (path: string) => /\.test\.ts$|(^|\/)testing\//.test(path);
/** Whatever way one file names another: `import`, `export … from`, `import()`, or a type's. */
const namedIn = (path: string) =>
  [...readFileSync(join(SOURCES, path), 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.[^']+)'/g)].map(([, from]) =>
    normalize(join(dirname(path), from as string)),
  );

const rows = new Map(
  [...readFileSync(join(SOURCES, '../README.md'), 'utf8').matchAll(/^\| `([\w/-]+)\/` \| .* \|(.*)\|$/gm)].map(
    ([, room, may]) => [room as string, [...(may as string).matchAll(/`([\w/-]+)\/`/g)].map(([, name]) => name)],
  ),
);
const arrows = new Map<string, Set<string>>();
for (const path of files.filter((each) => !isForTests(each))) {
  const room = dirname(path);
  const into = arrows.get(room) ?? new Set();
  arrows.set(room, into);
  for (const other of namedIn(path).map((each) => dirname(each))) if (other !== room) into.add(other);
}
const inside = [...arrows].filter(([room]) => room !== '.');

test('every room is in the table, and every row is a room', () => {
  expect([...rows.keys()].sort()).toEqual(inside.map(([room]) => room).sort());
});

test.each(inside)('%s/ imports what its row allows, and all of it', (room, into) => {
  expect([...into].sort()).toEqual([...(rows.get(room) ?? [])].sort());
});

test('no arrows make a circle', () => {
  const reachedFrom = (room: string, seen = new Set<string>()): Set<string> => {
    for (const next of arrows.get(room) ?? []) if (!seen.has(next)) reachedFrom(next, seen.add(next));
    return seen;
  };
  expect(arrows.size).toBeGreaterThan(10);
  expect([...arrows.keys()].filter((room) => reachedFrom(room).has(room))).toEqual([]);
});

test('no room is crowded', () => {
  const crowded = [...Map.groupBy(files, dirname)].filter(([, inRoom]) => inRoom.length > MOST_FILES);
  expect(crowded.map(([room]) => room)).toEqual([]);
});
