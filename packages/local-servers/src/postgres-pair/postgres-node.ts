import { join } from 'node:path';
import pg from 'pg';
import { isAlive } from '../child-process/run-child-server.ts';
import { type PostgresPlace, type PostgresServer, startPostgres } from '../servers/start-postgres.ts';
import { eventually } from '../waiting/eventually.ts';
import { childrenOf, signalAllProcesses } from './signal-all-processes.ts';

export interface PostgresNode {
  readonly name: string;
  readonly port: number;
  readonly dataFolder: string;
  /** Of its last process; 0 before the first. */
  readonly pid: number;
  readonly running: boolean;
  /** The address of this node alone. */
  url(database: string): string;
  /** One statement, or several separated by semicolons, as the superuser, over a connection of its own. */
  tell(sql: string, database?: string): Promise<Record<string, unknown>[]>;
  /** On its port and folder, as what it was: a primary that was killed comes back as a primary. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP, of all its processes: connections stay open and nobody answers. */
  pause(): void;
  resume(): void;
}

/** Write-ahead log that is kept for a standby that was away. */
const KEPT = { wal_keep_size: '256MB' };

/** One of a pair, in a folder of its own below `folder`; it does not run yet. */
export function nodeAt(
  name: string,
  port: number,
  folder: string,
  place: Pick<PostgresPlace, 'password' | 'durable' | 'settings'>,
): PostgresNode {
  const { password, durable } = place;
  const credentials = password === undefined ? 'postgres' : `postgres:${encodeURIComponent(password)}`;
  const dataFolder = join(folder, name);
  const url = (database: string) => `postgresql://${credentials}@127.0.0.1:${port}/${database}`;
  let server: PostgresServer | undefined;
  let pid = 0;
  return {
    name,
    port,
    dataFolder,
    get pid() {
      return pid;
    },
    get running() {
      return server !== undefined;
    },
    url,
    tell: (sql, database = 'postgres') => tell(url(database), sql),
    async start() {
      server = await startPostgres({
        dataFolder,
        port,
        logFile: join(folder, `${name}.log`),
        settings: { ...KEPT, ...place.settings },
        ...(password !== undefined && { password }),
        ...(durable !== undefined && { durable }),
      });
      const started = server;
      pid = started.pid;
      void started.ended.then(() => {
        if (server === started) server = undefined;
      });
    },
    async stop() {
      if (server) signalAllProcesses(server.pid, 'SIGCONT');
      await server?.stop();
      server = undefined;
    },
    async kill() {
      const children = server ? childrenOf(server.pid) : [];
      // All of them: those of one that is paused would never notice that it is gone.
      if (server) signalAllProcesses(server.pid, 'SIGKILL');
      await server?.kill();
      server = undefined;
      // They end when they notice; until then the data folder cannot be started again.
      await eventually(`${name} has ended`, () => !children.some(isAlive));
    },
    pause: () => server && signalAllProcesses(server.pid, 'SIGSTOP'),
    resume: () => server && signalAllProcesses(server.pid, 'SIGCONT'),
  };
}

async function tell(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const answer = (await client.query(sql)) as pg.QueryResult | pg.QueryResult[];
    return [answer].flat().at(-1)?.rows ?? [];
  } finally {
    await client.end().catch(() => undefined);
  }
}
