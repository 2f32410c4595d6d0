import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SetupProblem } from '../child-process/setup-problem.ts';
import type { PostgresBinaries } from './find-postgres-binaries.ts';

export type Launcher = {
  binaries: PostgresBinaries;
  /** What goes before the program's own command line. */
  prefix: readonly string[];
  /** What to spawn it with; nothing: as we are. */
  spawnAs: { uid?: number; gid?: number };
  /** Who has to own its files, when that is not who we are. */
  owner?: { uid: number; gid: number };
};

/** Where root keeps a copy of the programs, when they lie where nobody else may go. */
const COPIES = '/var/cache/kith';

/**
 * Postgres refuses to run as root. There it runs as the system's user `postgres`, made when it is missing. An ordinary
 * user runs it as themself.
 *
 * Where that user cannot go (a checkout under /root, a private temporary folder), it is given root's right to enter any
 * folder, and no other (CAP_DAC_OVERRIDE, by setpriv of util-linux). Postgres looks for its own programs by access(2),
 * which does not count that right: so they are copied to where everybody may go.
 *
 * @param folder the folder that holds, or will hold, the data folder
 * @throws {SetupProblem} when there is no such user, or it cannot use the folder even so
 */
export async function launcherForPostgres(binaries: PostgresBinaries, folder: string): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { binaries, prefix: [], spawnAs: {} };
  const owner = findPostgresUser() ?? makePostgresUser();
  if (owner !== undefined) {
    const reachable = runs({ prefix: [], spawnAs: owner }, [binaries.postgres, '--version'])
      ? binaries
      : await copied(binaries);
    const plain: Launcher = { binaries: reachable, prefix: [], spawnAs: owner, owner };
    if (canEnter(plain, folder)) return plain;
    const capable: Launcher = { binaries: reachable, prefix: enteringAnyFolder(owner), spawnAs: {}, owner };
    if (canEnter(capable, folder)) return capable;
    // Without setpriv or that right: a folder of root's own may be walked through by others, and still not be looked at.
    if (letThrough(folder) && canEnter(plain, folder)) return plain;
  }
  throw new SetupProblem(
    `Postgres does not run as root, and the user postgres cannot use ${folder}: run Kith as an ordinary user, set KITH_DATA to a folder that every user can enter, or set USER_DATABASE_URL and FRIEND_DATABASE_URL.`,
  );
}

function letThrough(folder: string): boolean {
  const { mode, uid } = statSync(folder);
  if (uid !== 0) return false;
  chmodSync(folder, mode | 0o111);
  return true;
}

function enteringAnyFolder({ uid, gid }: { uid: number; gid: number }): string[] {
  const only = '-all,+dac_override';
  return [
    'setpriv',
    `--reuid=${uid}`,
    `--regid=${gid}`,
    '--clear-groups',
    `--inh-caps=${only}`,
    `--ambient-caps=${only}`,
  ];
}

const canEnter = (launcher: Pick<Launcher, 'prefix' | 'spawnAs'>, folder: string) =>
  runs(launcher, ['/bin/sh', '-c', 'cd "$1"', 'sh', folder]);

function runs({ prefix, spawnAs }: Pick<Launcher, 'prefix' | 'spawnAs'>, commandLine: readonly string[]): boolean {
  const [command = '', ...args] = [...prefix, ...commandLine];
  return spawnSync(command, args, { ...spawnAs, cwd: '/' }).status === 0;
}

async function copied(binaries: PostgresBinaries): Promise<PostgresBinaries> {
  const home = join(dirname(binaries.postgres), '..');
  const copy = join(COPIES, binaries.version);
  if (!existsSync(copy)) {
    const unfinished = `${copy}.${process.pid}`;
    await cp(home, unfinished, { recursive: true, verbatimSymlinks: true });
    // Another process of ours may have put it there in the meantime: then that one is as good.
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  const at = (program: string) => join(copy, 'bin', basename(program));
  return { ...binaries, postgres: at(binaries.postgres), initdb: at(binaries.initdb) };
}

function findPostgresUser(): { uid: number; gid: number } | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined;
}

function makePostgresUser(): { uid: number; gid: number } | undefined {
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres']);
  return findPostgresUser();
}
