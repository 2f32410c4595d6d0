import { chmod, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files that `start` puts into its data folder; earlier versions let others read them. */
const OURS = [
  'demonstration',
  'demonstration.json',
  'logs',
  'nats',
  'redis',
  'secrets.json',
  'signing-keys.json',
  'subgraphs.json',
  'supergraph.graphql',
  'system.json',
];
/** Postgres runs by its own rules, and does not start when others may read its files. There are two in the cluster's. */
const NOT_OURS_TO_CHANGE = ['postgres', 'cluster'];

/**
 * Revokes everybody's permissions but the owner's on a data folder and its files. A folder that also holds other things
 * (KITH_DATA may name any) keeps its permissions, and so do those things.
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

/** Resolves to whether it is a folder to descend into: links are not followed. */
async function tighten(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return false;
    if ((found.mode & 0o077) !== 0) await chmod(path, found.mode & 0o700);
    return found.isDirectory();
  } catch (error) {
    // Gone meanwhile, or owned by another user.
    if (['ENOENT', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
