import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { SetupProblem } from '../setup-problem.ts';

export type Launcher = {
  /** What goes before the program's own command line. */
  prefix: readonly string[];
  /** Who to spawn it as, and who has to own its files; undefined: as we are. */
  user?: { uid: number; gid: number };
};

/**
 * Postgres refuses to run as root. There it runs as the system's user `postgres` (made when it is missing), or, where
 * that user cannot go (a checkout under /root, a private temporary folder), as root that is called by another number
 * within a user namespace of its own. An ordinary user runs it as themself.
 *
 * @param program a Postgres binary
 * @param folder the folder that holds, or will hold, the data folder
 * @param dataFolder decides when it exists already: its owner has to stay the same
 * @throws {SetupProblem} when neither way is open
 */
export function launcherForPostgres(program: string, folder: string, dataFolder: string): Launcher {
  if (process.getuid?.() !== 0) return { prefix: [] };
  const owner = statSync(dataFolder, { throwIfNoEntry: false })?.uid;
  const user = findPostgresUser() ?? makePostgresUser();
  const suits = user !== undefined && (owner === undefined || owner === user.uid);
  if (suits && canRun(program, folder, { prefix: [], user })) return { prefix: [], user };
  const namespaced = { prefix: ['unshare', '--user', '--map-user=1000'] };
  if ((owner === undefined || owner === 0) && canRun(program, folder, namespaced)) return namespaced;
  throw new SetupProblem(
    `Postgres does not run as root, and as another user it cannot use ${folder}: run Kith as an ordinary user, set KITH_DATA to a folder that every user can enter, or set USER_DATABASE_URL and FRIEND_DATABASE_URL.`,
  );
}

function canRun(program: string, folder: string, { prefix, user }: Launcher): boolean {
  const [command = '', ...args] = [...prefix, '/bin/sh', '-c', 'cd "$1" && exec "$2" --version', 'sh', folder, program];
  return spawnSync(command, args, { ...user, cwd: '/' }).status === 0;
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
