import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCES = fileURLToPath(new URL('.', import.meta.url));
const MOST_FILES = 15;

const files = globSync('**/*', { cwd: SOURCES }).filter((path) => /\.\w+$/.test(path));
/** What the product runs: neither tests, nor what only they use, nor the entries that hand it out. */
const sources = files.filter(
  (path) => path.endsWith('.ts') && !/\.test\.ts$|^(contract-tests|testing)\/|^(index|metrics|testing)\.ts$/.test(path),
);
const importsOf = (path: string) =>
  [
    ...readFileSync(join(SOURCES, path), 'utf8').matchAll(/^(?:import|export|\}) .*?'([^']+)';$|^import '([^']+)';$/gm),
  ].map(([, from, bare]) => (from ?? bare) as string);
const roomOf = (path: string) => dirname(path);

const allowed = new Map(
  [...readFileSync(join(SOURCES, '../README.md'), 'utf8').matchAll(/^\| `([\w/-]+)\/` \| .* \|(.*)\|$/gm)].map(
    ([, room, may]) => [
      room as string,
      [...(may as string).matchAll(/`([\w/-]+)\/`/g)].map(([, name]) => name as string),
    ],
  ),
);
const arrows = new Map<string, Set<string>>();
for (const path of sources) {
  const room = roomOf(path);
  const into = arrows.get(room) ?? new Set();
  arrows.set(room, into);
  for (const from of importsOf(path).filter((each) => each.startsWith('.'))) {
    const other = roomOf(normalize(join(room, from)));
    if (other !== room) into.add(other);
  }
}

test('every room is in the table, and every row is a room', () => {
  expect([...allowed.keys()].sort()).toEqual(
    [...new Set(files.map(roomOf))].filter((room) => !/^(\.|testing\/.+)$/.test(room)).sort(),
  );
});

test.each([...arrows])('%s imports what its row allows, and all of it', (room, into) => {
  expect([...into].sort()).toEqual([...(allowed.get(room) ?? [])].sort());
});

test('no arrows make a circle', () => {
  const ended = new Set<string>();
  const circles: string[][] = [];
  const visit = (room: string, way: readonly string[]) => {
    if (way.includes(room)) circles.push([...way.slice(way.indexOf(room)), room]);
    if (way.includes(room) || ended.has(room)) return;
    for (const next of allowed.get(room) ?? []) visit(next, [...way, room]);
    ended.add(room);
  };
  for (const room of allowed.keys()) visit(room, []);
  expect(circles).toEqual([]);
});

test('no room is crowded', () => {
  const counts = Map.groupBy(files, roomOf);
  expect([...counts].filter(([, inRoom]) => inRoom.length > MOST_FILES).map(([room]) => room)).toEqual([]);
});

test.each([
  'domain-events/index.ts',
  'envelope/index.ts',
  'failures/outage.ts',
  'http/json-over-http.ts',
  'metrics.ts',
  'observe/traceparent.ts',
])('the light entry %s pulls in neither Postgres nor NATS', (entry) => {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const from of importsOf(path)) {
      if (from.startsWith('.')) visit(normalize(join(dirname(path), from)));
      else packages.add(from);
    }
  };
  visit(entry);
  expect([...packages].filter((name) => !/^(zod|@opentelemetry\/api|node:.+)$/.test(name))).toEqual([]);
});
