import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { ChildDidNotStart, type RunningChild, runChildServer } from '../child-process/run-child-server.ts';
import { SetupProblem } from '../child-process/setup-problem.ts';
import { freePort } from '../waiting/find-free-port.ts';
import { findPostgresBinaries } from './find-postgres-binaries.ts';
import { type Launcher, launcherForPostgres } from './run-as-postgres-user.ts';

export type PostgresServer = {
  readonly port: number;
  readonly pid: number;
  readonly ended: Promise<number | string>;
  /** The connection URL of a database on this server; it need not exist yet. */
  url(database: string): string;
  /** A fast shutdown: open transactions are rolled back, connections closed. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
};

export type PostgresPlace = {
  dataFolder: string;
  /** Default: a free one. */
  port?: number;
  /** Default: `postgres.log` beside the data folder. */
  logFile?: string;
  /** Asked of every connection when set; without it whoever reaches 127.0.0.1 may connect, which suits a test. */
  password?: string;
  /** false: no fsync; commits still outlive a kill, only not a power failure. For tests. Default true. */
  durable?: boolean;
  /** The zone in which its sessions begin, as of a machine in that zone. Default: this machine's. */
  timeZone?: string;
  /** More of `postgresql.conf`, by name: said on the command line, above whatever the data folder holds. */
  settings?: Readonly<Record<string, string>>;
};

/**
 * Starts the Postgres from npm on 127.0.0.1, in `dataFolder`, which is made and initialised when it does not exist.
 *
 * @throws {SetupProblem} when the folder is not a usable database of this version
 */
export async function startPostgres(place: PostgresPlace): Promise<PostgresServer> {
  const dataFolder = resolve(place.dataFolder);
  await mkdir(dirname(dataFolder), { recursive: true });
  const launcher = await launcherForPostgres(await findPostgresBinaries(), dirname(dataFolder));
  if (!existsSync(dataFolder)) await initialise(dataFolder, launcher, place);
  await refuseForeignFolder(dataFolder, launcher);

  const logFile = place.logFile ?? join(dirname(dataFolder), 'postgres.log');
  const credentials = place.password === undefined ? 'postgres' : `postgres:${encodeURIComponent(place.password)}`;
  for (let triesLeft = place.port === undefined ? 3 : 1; ; triesLeft--) {
    const port = place.port ?? (await freePort());
    const url = (database: string) => `postgresql://${credentials}@127.0.0.1:${port}/${database}`;
    try {
      const child = await run({ dataFolder, logFile, launcher, place }, port, url('postgres'));
      return { port, url, ...child };
    } catch (error) {
      if (!(error instanceof ChildDidNotStart)) throw error;
      const portWasTaken = /could not bind|could not create any TCP\/IP sockets/.test(error.tail);
      if (portWasTaken && triesLeft > 1) continue;
      throw new SetupProblem(
        portWasTaken
          ? `Port ${port} is in use: choose another for Postgres, or end what listens there.`
          : `Postgres does not start on ${dataFolder} (its last words are in ${logFile}): restore that folder from a backup, or move it away to begin with an empty database.`,
        { cause: error },
      );
    }
  }
}

function run(
  at: { dataFolder: string; logFile: string; launcher: Launcher; place: PostgresPlace },
  port: number,
  url: string,
): Promise<RunningChild> {
  const { dataFolder, logFile, launcher, place } = at;
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    max_connections: '300',
    ...((place.durable ?? true) ? {} : { fsync: 'off', full_page_writes: 'off' }),
    ...place.settings,
  };
  const { binaries, prefix, spawnAs } = launcher;
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command, ...args] = [...prefix, binaries.postgres, '-D', dataFolder, ...flags] as [string, ...string[]];
  return runChildServer({
    name: 'postgres',
    command,
    args,
    logFile,
    // SIGTERM would wait for every client to leave.
    stopSignal: 'SIGINT',
    stopWithinMs: 30_000,
    // After a crash it replays its log first.
    readyWithinMs: 60_000,
    spawnOptions: { ...spawnAs, cwd: '/' },
    isReady: () => answersSql(url),
  });
}

/** Whether what listens there answers SQL. */
export async function answersSql(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Made under another name and renamed when complete: an interrupted run leaves nothing that looks like a database. */
async function initialise(dataFolder: string, launcher: Launcher, place: PostgresPlace): Promise<void> {
  const { password, timeZone } = place;
  const { binaries, prefix, spawnAs, owner } = launcher;
  const unfinished = `${dataFolder}.unfinished`;
  const passwordFile = `${dataFolder}.password`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { mode: 0o700 });
  if (owner) await chown(unfinished, owner.uid, owner.gid);
  const flags = ['--pgdata', unfinished, '--username', 'postgres', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'];
  if (password === undefined) flags.push('--auth', 'trust');
  else {
    await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
    if (owner) await chown(passwordFile, owner.uid, owner.gid);
    flags.push('--auth', 'scram-sha-256', '--pwfile', passwordFile);
  }
  const [command, ...args] = [...prefix, binaries.initdb, ...flags] as [string, ...string[]];
  try {
    const env = timeZone === undefined ? process.env : { ...process.env, TZ: timeZone };
    await promisify(execFile)(command, args, { ...spawnAs, cwd: '/', env });
  } catch (error) {
    const lines = (error as { stderr?: string }).stderr?.trim().split('\n') ?? [];
    // After what went wrong initdb says how it tidied up.
    const said = lines.find((line) => /FATAL|PANIC|error|could not/i.test(line)) ?? lines.at(-1) ?? String(error);
    throw new SetupProblem(`Postgres could not prepare ${dataFolder} (${said}): check its rights and the free space.`, {
      cause: error,
    });
  } finally {
    await rm(passwordFile, { force: true });
  }
  await rename(unfinished, dataFolder);
}

async function refuseForeignFolder(dataFolder: string, { binaries, owner }: Launcher): Promise<void> {
  const found = await readFile(join(dataFolder, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (found === undefined) {
    throw new SetupProblem(
      `${dataFolder} is not a Postgres data folder: move it away, or set KITH_DATA to another folder.`,
    );
  }
  const { uid } = await stat(dataFolder);
  const expected = owner?.uid ?? process.getuid?.() ?? uid;
  if (uid !== expected) {
    throw new SetupProblem(
      `${dataFolder} belongs to the user with the number ${uid}, and Postgres would run as ${expected}: run Kith as the user who made it, or chown -R ${expected} ${dataFolder}.`,
    );
  }
  const { stdout } = await promisify(execFile)(binaries.postgres, ['--version']);
  const wanted = stdout.match(/(\d+)[.\d]*\s*$/)?.[1];
  if (found.trim() !== wanted) {
    throw new SetupProblem(
      `${dataFolder} was made by Postgres ${found.trim()} and this is ${wanted}: dump it with the old one and load it into the new, or move it away.`,
    );
  }
}
