import { readFileSync } from 'node:fs';
import { join } from 'node:path/posix';

/** What the rooms of a package may import, from the table in its README. */
export interface Rooms {
  /** Where the table stands. */
  readonly page: string;
  /** The package's folder. */
  readonly folder: string;
  /** The names in the last cell, by the folder or the file that the first cell names; paths from the root. */
  readonly rows: ReadonlyMap<string, readonly string[]>;
  /** What the package's tests may import from elsewhere; all of its own rooms are open to them. */
  readonly tests: readonly string[];
}

const HEAD = /^\| room \| what it does \| may import \|\n\|(?:-+\|)+\n((?:\|.*\|\n?)*)/m;
const ROW = /^\| `([^`]+)` \|.*\|([^|]*)\|$/;
const TESTS = '*.test.ts';
/** The repository's own folder, whose files are no package's. */
const TOP = '/';

/** @param packages their folders; one without a table has rooms that may import nothing */
export function readAllRooms(root: string, packages: Iterable<string>): Rooms[] {
  return [...packages]
    .filter((folder) => folder !== '.')
    .map((folder) => {
      const page = join(folder, 'README.md');
      let text = '';
      try {
        text = readFileSync(join(root, page), 'utf8');
      } catch {
        // No page, no table.
      }
      return parseRooms(folder, page, text);
    });
}

/** @throws Error naming a row that cannot be read, or that stands there twice */
export function parseRooms(folder: string, page: string, text: string): Rooms {
  const rows = new Map<string, readonly string[]>();
  for (const line of (HEAD.exec(text)?.[1] ?? '').split('\n').filter((each) => each !== '')) {
    const [, room, may] = ROW.exec(line) ?? [];
    if (room === undefined || may === undefined) throw new Error(`${page}: a row that cannot be read: ${line}`);
    const at = room === TESTS ? TESTS : pathOf(room, folder);
    if (rows.has(at)) throw new Error(`${page}: \`${room}\` stands there twice.`);
    rows.set(
      at,
      [...may.matchAll(/`([^`]+)`/g)].map(([, name]) => name as string),
    );
  }
  const tests = rows.get(TESTS) ?? [];
  rows.delete(TESTS);
  return { page, folder, rows, tests };
}

/** `plan/` is in `src/`, which is itself `src/`; `./api/` and `./` are of the package's folder; a file has no slash behind. */
export function pathOf(room: string, folder: string): string {
  if (room === TOP) return '.';
  const path = room === 'src/' || room.startsWith('./') ? join(folder, room) : join(folder, 'src', room);
  return path.replace(/\/$/, '');
}

/** How a table names a folder, or a file: the other way round. */
export function nameOf(path: string, folder: string): string {
  const slash = /\.\w+$/.test(path) ? '' : '/';
  if (path === '.') return TOP;
  if (path === `${folder}/src`) return 'src/';
  if (path.startsWith(`${folder}/src/`)) return `${path.slice(folder.length + 5)}${slash}`;
  if (path === folder) return './';
  return path.startsWith(`${folder}/`) ? `./${path.slice(folder.length + 1)}${slash}` : `${path}${slash}`;
}
