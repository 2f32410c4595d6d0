import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Whether a file is missing, or older than any of the files and folders that it is made of. Generated code and tests
 * are ignored.
 */
export async function isOlderThanItsSources(file: string, sources: readonly string[]): Promise<boolean> {
  const made = await stat(file).catch(() => undefined);
  if (!made) return true;
  const times = await Promise.all(sources.map(newestIn));
  return Math.max(...times) > made.mtimeMs;
}

/** When the file, or the newest file of the folder, was last written, in milliseconds of the epoch. */
async function newestIn(path: string): Promise<number> {
  const here = await stat(path);
  if (!here.isDirectory()) return here.mtimeMs;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((name) => !name.includes('/generated') && !name.includes('.test.'));
  const stats = await Promise.all(files.map((name) => stat(name)));
  return Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs));
}
