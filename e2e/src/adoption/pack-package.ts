import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@kith/local';
import { pathOutside } from './find-nodes.ts';

const run = promisify(execFile);

export interface Packed {
  readonly tarball: string;
  /** Paths in it. */
  readonly files: readonly string[];
  readonly manifest: Readonly<Record<string, unknown>>;
  /** What is imported from it: `@kith/event-delivery`, `@kith/event-delivery/envelope`, … */
  readonly entries: readonly string[];
}

/** `pnpm pack` of `packages/<of>`, as whoever publishes it would. */
export async function packPackage(of: 'client' | 'event-delivery' | 'live-list', folder: string): Promise<Packed> {
  const source = join(workspaceRoot, 'packages', of);
  const env = { ...process.env, PATH: pathOutside };
  await run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', folder], { cwd: source, env, timeout: 180_000 });
  const { name, version, exports } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
    exports: Record<string, string>;
  };
  const tarball = join(folder, `${name.slice(1).replace('/', '-')}-${version}.tgz`);
  const { stdout: files } = await run('tar', ['--list', '--gzip', '--file', tarball]);
  const { stdout } = await run('tar', ['--extract', '--to-stdout', '--file', tarball, 'package/package.json']);
  return {
    tarball,
    files: files.trim().split('\n'),
    manifest: JSON.parse(stdout),
    entries: Object.keys(exports).map((entry) => join(name, entry)),
  };
}
