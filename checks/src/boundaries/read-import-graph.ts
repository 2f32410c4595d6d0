import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path/posix';
import { readImports } from './read-imports.ts';

/** Node itself, whichever of its modules. */
export const NODE = 'node:*';

export interface Import {
  /** As the file spells it. */
  readonly name: string;
  /** A path in the repository, when it leads to one. */
  readonly file?: string;
  /** What the name leads to elsewhere: a package of the workspace with its entry, a library, or Node. */
  readonly library?: string;
}

/** What each source file imports, types included. Paths are from the root of the repository, with slashes. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

export interface Repository {
  readonly graph: ImportGraph;
  /** The folders of the workspace's packages, by name; the root is `.`. */
  readonly packages: ReadonlyMap<string, string>;
}

/** Reads all TypeScript that git knows, or would take. */
export function readRepository(root: string): Repository {
  const listed = listFiles(root);
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const manifests = listed
    .filter((path) => /(?:^|\/)package\.json$/.test(path))
    .map((path) => readManifest(path, read));
  const files = listed.filter((path) => /\.[cm]?tsx?$/.test(path) && !path.endsWith('.d.ts'));
  const resolve = resolveIn(manifests);
  return {
    graph: new Map(files.map((file) => [file, readImports(file, read(file)).map((name) => resolve(file, name))])),
    packages: new Map(manifests.map(({ name, folder }) => [name, folder])),
  };
}

/** Files that git knows or would take, without those that are deleted and not yet committed. */
export function listFiles(root: string): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 });
  return listed.split('\n').filter((path) => path !== '' && existsSync(join(root, path)));
}

export interface Manifest {
  readonly name: string;
  readonly folder: string;
  /** The file behind each entry (`.`, `./react`). */
  readonly entries: Readonly<Record<string, string>>;
}

function readManifest(path: string, read: (path: string) => string): Manifest {
  const { name, exports = {} } = JSON.parse(read(path)) as { name: string; exports?: Record<string, string> };
  const folder = dirname(path);
  const entries = Object.entries(exports).map(([entry, file]) => [entry, normalize(join(folder, file))]);
  return { name, folder, entries: Object.fromEntries(entries) };
}

/** How a name in a file is understood, given the workspace's packages. */
export function resolveIn(manifests: readonly Manifest[]) {
  const packages = new Map(manifests.map((manifest) => [manifest.name, manifest]));
  return (file: string, name: string): Import => {
    if (/^\.{1,2}(?:\/|$)/.test(name))
      return { name, file: normalize(join(dirname(file), name.replace(/[?#].*/, ''))) };
    if (isBuiltin(name)) return { name, library: NODE };
    const base = /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? name;
    const found = packages.get(base);
    if (!found) return { name, library: base };
    const entry = found.entries[`.${name.slice(base.length)}`];
    return { name, library: name, ...(entry === undefined ? {} : { file: entry }) };
  };
}
