import { dirname } from 'node:path/posix';
import { findCycles } from './find-cycles.ts';
import type { Import, ImportGraph, Repository } from './read-import-graph.ts';
import { nameOf, type Rooms } from './read-rooms.ts';

/**
 * Deny by default (the mechanism is Spring Modulith's): every folder is a room; its package's table lists what it may
 * import, and everything else is forbidden. Every permission must be used, and there must be no cycles.
 *
 * @returns what is wrong, a line each; empty when repository and tables fit
 */
export function checkBoundaries({ graph, packages }: Repository, tables: readonly Rooms[]): string[] {
  const used = new Set<string>();
  const refused = [...graph].flatMap(([file, imports]) =>
    imports.flatMap((each) => refusalOf(file, each, tables, used) ?? []),
  );
  return [
    ...refused,
    ...roomsWithoutRow(graph, tables),
    ...unusedIn(graph, tables, used),
    ...cyclesIn(graph, packages),
  ];
}

/** Tests, and what only tests use: they may look into every room of their own package, and no room may look at them. */
export function isForTests(path: string): boolean {
  return /\.(?:test|bench)\.[cm]?tsx?$|(?:^|\/)testing(?:\/|$)/.test(path);
}

/**
 * Why a file may not import this; undefined when it may.
 *
 * @param used receives the permission that allows it, as `<page> <row> <name>`
 */
export function refusalOf(
  file: string,
  imported: Import,
  tables: readonly Rooms[],
  used: Set<string> = new Set(),
): string | undefined {
  const table = tableOf(file, tables);
  if (!table) return `${file} imports '${imported.name}': its package has no table.`;
  const asTest = isForTests(file);
  const own = imported.library === undefined && isIn(imported.file!, table);
  if (own && (asTest || dirname(imported.file!) === dirname(file)) && (asTest || !isForTests(imported.file!)))
    return undefined;
  const row = asTest ? '*.test.ts' : rowOf(file, table);
  const name = imported.library ?? nameOf(dirname(imported.file!), table.folder);
  if ((asTest ? table.tests : table.rows.get(row))?.includes(name) && !(own && isForTests(imported.file!))) {
    used.add(`${table.page} ${row} ${name}`);
    return undefined;
  }
  const here = asTest ? row : nameOf(row, table.folder);
  return `${file} imports '${imported.name}': the table in ${table.page} does not let \`${here}\` import \`${name}\`.`;
}

/** The table of the innermost package that contains the file. */
function tableOf(file: string, tables: readonly Rooms[]): Rooms | undefined {
  const around = tables.filter(({ folder }) => file.startsWith(`${folder}/`));
  const innermost = around.sort((a, b) => b.folder.length - a.folder.length)[0];
  return innermost ?? tables.find(({ rows }) => !file.includes('/') && rows.has('.'));
}

const isIn = (file: string, table: Rooms) => file.startsWith(`${table.folder}/`);

/** A file's own row, if the table has one, else its folder's. */
const rowOf = (file: string, { rows }: Rooms) => (rows.has(file) ? file : dirname(file));

function roomsWithoutRow(graph: ImportGraph, tables: readonly Rooms[]): string[] {
  const rooms = new Map([...graph.keys()].filter((file) => !isForTests(file)).map((file) => [dirname(file), file]));
  return [...rooms].flatMap(([room, file]) => {
    const table = tableOf(file, tables);
    if (table?.rows.has(room)) return [];
    return [`${room}/ has no row in the table of ${table?.page ?? 'any README.md'}.`];
  });
}

/** An unused permission would let a later import through unnoticed. */
function unusedIn(graph: ImportGraph, tables: readonly Rooms[], used: ReadonlySet<string>): string[] {
  const files = new Set(graph.keys());
  const folders = new Set([...files].map((file) => dirname(file)));
  return tables.flatMap(({ page, folder, rows, tests }) => [
    ...[...rows.keys()]
      .filter((path) => !files.has(path) && !folders.has(path))
      .map((path) => `${page} has a row for \`${nameOf(path, folder)}\`, which is not there.`),
    ...[...rows, ['*.test.ts', tests] as const].flatMap(([row, names]) =>
      names
        .filter((name) => !used.has(`${page} ${row} ${name}`))
        .map((name) => {
          const room = row === '*.test.ts' ? row : nameOf(row, folder);
          return `${page} lets \`${room}\` import \`${name}\`, which it does not: take it out.`;
        }),
    ),
  ]);
}

/** Between files, between rooms (without their tests), and between packages. */
function cyclesIn(graph: ImportGraph, packages: Repository['packages']): string[] {
  const folders = [...packages.values()].sort((a, b) => b.length - a.length);
  const packageOf = (file: string) => folders.find((folder) => file.startsWith(`${folder}/`)) ?? '.';
  const tell = (kind: string) => (cycle: string[]) => `${kind} in a circle: ${cycle.join(' → ')}`;
  const roomsOf = (file: string) => (isForTests(file) ? undefined : dirname(file));
  return [
    ...findCycles(arrowsBetween(graph, (file) => file)).map(tell('files')),
    ...findCycles(arrowsBetween(graph, roomsOf)).map(tell('rooms')),
    ...findCycles(arrowsBetween(graph, packageOf)).map(tell('packages')),
  ];
}

/** @param groupOf what a file is taken for; undefined leaves it out */
function arrowsBetween(graph: ImportGraph, groupOf: (file: string) => string | undefined): Map<string, Set<string>> {
  const arrows = new Map<string, Set<string>>();
  for (const [from, imports] of graph) {
    const group = groupOf(from);
    if (group === undefined) continue;
    const into = arrows.get(group) ?? new Set();
    arrows.set(group, into);
    for (const { file } of imports) {
      const other = file !== undefined && graph.has(file) ? groupOf(file) : undefined;
      if (other !== undefined && (other !== group || other === file)) into.add(other);
    }
  }
  return arrows;
}
