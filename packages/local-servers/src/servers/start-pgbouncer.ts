import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildServer, startOnAPort } from '../child-process/child-server-on-a-port.ts';
import { findProgram } from '../child-process/find-program.ts';
import { runChildServer } from '../child-process/run-child-server.ts';
import { SetupProblem } from '../child-process/setup-problem.ts';
import { findPostgresBinaries } from './find-postgres-binaries.ts';
import { launcherForPostgres } from './run-as-postgres-user.ts';
import { answersSql } from './start-postgres.ts';

export const PGBOUNCER_COMMANDS = ['pgbouncer'] as const;

export type PgBouncer = Omit<ChildServer, 'url'> & {
  /** The same database, reached through the pooler. */
  through(databaseUrl: string): string;
};

export type PgBouncerPlace = {
  /** The Postgres behind it, on 127.0.0.1: its port, and its superuser's password where one is asked for. */
  postgres: { port: number; password?: string };
  /** Server connections per database; the clients of one database share them (default 20). */
  poolSize?: number;
};

/**
 * Connection pooler: a PgBouncer in transaction mode on 127.0.0.1, in front of a Postgres. It needs no password and
 * connects as the superuser of that Postgres: only for tests.
 *
 * @throws {SetupProblem} when there is no pgbouncer
 */
export async function startPgBouncer({ postgres, poolSize = 20 }: PgBouncerPlace): Promise<PgBouncer> {
  const program = findProgram(PGBOUNCER_COMMANDS);
  if (program === undefined) throw new SetupProblem('There is no pgbouncer: on Debian, apt-get install pgbouncer.');
  const dataFolder = await mkdtemp(join(tmpdir(), 'kith-pgbouncer-'));
  // Like Postgres, it refuses to run as root.
  const { spawnAs, owner } = await launcherForPostgres(await findPostgresBinaries(), tmpdir());
  const remove = () => rm(dataFolder, { recursive: true, force: true });
  const server = await startOnAPort(
    'pgbouncer',
    { dataFolder, logFile: join(dataFolder, 'said.log') },
    async (port) => {
      const config = join(dataFolder, 'pgbouncer.ini');
      await writeFile(config, configOf({ port, postgres, poolSize }), { mode: 0o600 });
      if (owner) for (const path of [dataFolder, config]) await chown(path, owner.uid, owner.gid);
      await chmod(dataFolder, 0o700);
      return runChildServer({
        name: 'pgbouncer',
        command: program,
        args: [config],
        logFile: join(dataFolder, 'said.log'),
        // SIGINT would wait for its clients to leave.
        stopSignal: 'SIGTERM',
        stopWithinMs: 5_000,
        readyWithinMs: 10_000,
        spawnOptions: { ...spawnAs, cwd: '/' },
        isReady: () => answersSql(`postgresql://postgres@127.0.0.1:${port}/postgres`),
      });
    },
  ).catch(async (error) => {
    await remove();
    throw error;
  });
  return {
    ...server,
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(server.port);
      return url.href;
    },
    async stop() {
      await server.stop();
      await remove();
    },
  };
}

const configOf = ({ port, postgres, poolSize }: { port: number; poolSize: number } & PgBouncerPlace) => `[databases]
* = host=127.0.0.1 port=${postgres.port} user=postgres ${postgres.password ? `password='${postgres.password}'` : ''}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 1000
server_idle_timeout = 5
server_login_retry = 1
`;
