import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { workspaceRoot } from '@kith/local';

const AT_MOST_MS = 300_000;

/**
 * Puts packages from npm into a folder of their own under `node_modules/.cache`, once for each set of versions. They are
 * never dependencies of the workspace. Runs no scripts of theirs.
 *
 * @returns the folder, which holds their `node_modules`; throws with npm's words when they cannot be had
 */
export async function installPackages(packages: Readonly<Record<string, string>>): Promise<string> {
  const manifest = JSON.stringify({ private: true, type: 'module', dependencies: packages }, null, 2);
  const key = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
  const folder = join(workspaceRoot, 'node_modules', '.cache', 'kith-bench-peers', key);
  const done = join(folder, 'installed');
  if (await stat(done).catch(() => undefined)) return folder;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), manifest);
  const args = ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--no-package-lock', '--loglevel=error'];
  await promisify(execFile)('npm', args, { cwd: folder, timeout: AT_MOST_MS });
  await writeFile(done, '');
  return folder;
}
