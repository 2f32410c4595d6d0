import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** What `start` puts into its data folder and may be read by others when an earlier version made it. */
const OURS = [
  'demonstration',
  'demonstration.json',
  'logs',
  'nats',
  'redis',
  'secrets.json',
  'signing-keys.json',
  'supergraph.graphql',
  'system.json',
];
/** Postgres runs by its own rules, and does not start when others may read its files. */
const NOT_OURS_TO_CHANGE = ['postgres'];

/**
 * Takes from everybody but the owner what they may do with a data folder and the files in it. A folder that holds other
 * things as well (KITH_DATA may name any) keeps its own rights, and so do those things.
 */
export async function keepToItsOwner(kithData: string): Promise<void> {
  const entries = await readdir(kithData);
  const known = (name: string) => [...OURS, ...NOT_OURS_TO_CHANGE].some((ours) => name === ours);
  if (entries.every(known)) await tighten(kithData);
  for (const name of OURS) if (entries.includes(name)) await tightenAll(join(kithData, name));
}

async function tightenAll(path: string): Promise<void> {
  const isFolder = await tighten(path);
  if (!isFolder) return;
  for (const name of await readdir(path)) await tightenAll(join(path, name));
}

/** Says whether it is a folder, and one to look into: what a link leads to is elsewhere. */
async function tighten(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return false;
    if ((found.mode & 0o077) !== 0) await chmod(path, found.mode & 0o700);
    return found.isDirectory();
  } catch (error) {
    // Gone meanwhile; or another user's, whose it is to change.
    if (['ENOENT', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
