import { chown, copyFile, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Launcher } from '../servers/run-as-postgres-user.ts';

/** https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA */
const LEFT_EMPTY = [
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
];
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|pgsql_tmp.*|pg_internal\.init|backup_label(?:\.old)?|tablespace_map|(?:standby|recovery)\.signal|current_logfiles|postgresql\.auto\.conf)$/;

export interface BaseBackup {
  /** An address of the server's superuser. */
  readonly url: string;
  readonly from: string;
  /** Removed first when it is there. */
  readonly into: string;
  readonly owner: Launcher['owner'];
}

/**
 * Base backup by the low-level API (`pg_backup_start`, a copy of the files, `pg_backup_stop`): the npm package has no
 * `pg_basebackup`. Its write-ahead log has to come from the server, so the copy only starts as a standby. Settings made
 * by ALTER SYSTEM stay behind.
 */
export async function takeBaseBackup({ url, from, into, owner }: BaseBackup): Promise<void> {
  await removeAtOnce(into);
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(`SELECT pg_backup_start('standby', true)`);
    // First of all: half a copy must never be taken for a primary.
    await makeEmpty(into, owner);
    await writeOwned(join(into, 'standby.signal'), '', owner);
    await copyFolder(from, into, owner);
    const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
    await writeOwned(join(into, 'backup_label'), rows[0].labelfile, owner);
  } finally {
    await client.end();
  }
}

/** Whoever looks meanwhile finds all of a folder, or none. */
async function removeAtOnce(folder: string): Promise<void> {
  const leaving = `${folder}.leaving`;
  await rm(leaving, { recursive: true, force: true });
  await unlessItWent(rename(folder, leaving));
  await rm(leaving, { recursive: true, force: true });
}

export async function writeOwned(file: string, text: string, owner: Launcher['owner']): Promise<void> {
  await writeFile(file, text, { mode: 0o600 });
  if (owner) await chown(file, owner.uid, owner.gid);
}

async function copyFolder(from: string, into: string, owner: Launcher['owner']): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    if (LEFT_OUT.test(entry.name)) continue;
    const [source, target] = [join(from, entry.name), join(into, entry.name)];
    if (entry.isDirectory() && LEFT_EMPTY.includes(entry.name)) await makeEmpty(target, owner);
    else if (entry.isDirectory()) {
      await makeEmpty(target, owner);
      await unlessItWent(copyFolder(source, target, owner));
    } else await unlessItWent(copyOwned(source, target, owner));
  }
}

async function makeEmpty(folder: string, owner: Launcher['owner']): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  if (owner) await chown(folder, owner.uid, owner.gid);
}

async function copyOwned(source: string, target: string, owner: Launcher['owner']): Promise<void> {
  await copyFile(source, target);
  if (owner) await chown(target, owner.uid, owner.gid);
}

/** A table may be dropped meanwhile: the log says so as well. */
async function unlessItWent(copying: Promise<void>): Promise<void> {
  await copying.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
