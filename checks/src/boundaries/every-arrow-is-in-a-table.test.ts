import { dirname } from 'node:path/posix';
import { expect, test } from 'vitest';
import { checkBoundaries, isForTests, refusalOf } from './check-boundaries.ts';
import { nameOf, pathOf } from './read-rooms.ts';
import { repository, tables } from './workspace.ts';

const { graph, packages } = repository;

test('every import is in the table of its package, every row is used, and nothing goes round in a circle', () => {
  expect(graph.size).toBeGreaterThan(800);
  expect(checkBoundaries(repository, tables)).toEqual([]);
});

test('every package has a table', () => {
  expect(tables.filter(({ rows }) => rows.size === 0).map(({ page }) => page)).toEqual([]);
});

test('whatever arrow is added between two rooms is refused, or is there already', () => {
  const rooms = new Map([...graph.keys()].filter((file) => !isForTests(file)).map((file) => [dirname(file), file]));
  const there = new Set(
    [...graph].flatMap(([file, imports]) => imports.map((to) => `${dirname(file)} ${to.file ? dirname(to.file) : ''}`)),
  );
  const added = [...rooms.values()].flatMap((from) =>
    [...rooms.values()]
      .filter((to) => dirname(to) !== dirname(from) && !there.has(`${dirname(from)} ${dirname(to)}`))
      .map((to) => ({ from, to: { name: to, file: to } })),
  );
  expect(added.length).toBeGreaterThan(10_000);
  expect(added.filter(({ from, to }) => refusalOf(from, to, tables) === undefined)).toEqual([]);
});

test('whatever package or library is added to a file is refused, or its room has it already', () => {
  const pageOf = (file: string) => tables.findLast(({ folder }) => file.startsWith(`${folder}/`))?.page ?? '.';
  const roomOf = (file: string) => (isForTests(file) ? `tests of ${pageOf(file)}` : dirname(file));
  const known = new Map<string, Set<string>>();
  for (const [file, imports] of graph) {
    const inRoom = known.get(roomOf(file)) ?? new Set();
    known.set(roomOf(file), inRoom);
    for (const { library } of imports) if (library !== undefined) inRoom.add(library);
  }
  const libraries = [
    ...new Set([...packages.keys(), 'a-library-that-nobody-has', ...[...known.values()].flatMap((each) => [...each])]),
  ];
  const allowed = [...graph.keys()].flatMap((file) =>
    libraries
      .filter((library) => !known.get(roomOf(file))?.has(library))
      .filter((library) => refusalOf(file, { name: library, library }, tables) === undefined)
      .map((library) => `${file}: ${library}`),
  );
  expect(libraries.length).toBeGreaterThan(50);
  expect(allowed).toEqual([]);
});

test('what a table calls a room leads back to it', () => {
  const paths = tables.flatMap(({ folder, rows }) => [...rows.keys()].map((path) => ({ path, folder })));
  expect(paths.map(({ path, folder }) => pathOf(nameOf(path, folder), folder))).toEqual(paths.map(({ path }) => path));
});
