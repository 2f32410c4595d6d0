import { startPgBouncer } from '@kith/local-servers';
import { WITH_DATABASE } from '@kith/services';
import { runRestartable, type ServiceProcess } from '../servers/run-restartable.ts';
import type { ServerAccess } from '../servers/server-access.ts';
import type { ServerUrls } from '../servers/servers-to-start.ts';

/** Servers that were started for a system, and what stops them. */
export interface ServersOfSystem {
  readonly urls: ServerUrls;
  readonly access: ServerAccess;
  readonly running: readonly ServiceProcess[];
}

/**
 * Connection pooler: the processes of a system reach its Postgres through a PgBouncer in transaction mode, as one role with
 * full rights; the operator's URLs stay direct. For tests of what a pooler changes, not of rights.
 *
 * @throws {SetupProblem} when there is no pgbouncer
 */
export async function putAPoolerBetween(servers: ServersOfSystem, password: string): Promise<ServersOfSystem> {
  const access = structuredClone(servers.access);
  const { port } = new URL(servers.urls.userDatabaseUrl);
  const pooler = await startPgBouncer({ postgres: { port: Number(port), password } });
  for (const name of WITH_DATABASE) {
    access[name].databaseUrl &&= pooler.through(access[name].databaseUrl);
  }
  const process = await runRestartable('pgbouncer', `postgresql://127.0.0.1:${pooler.port}`, async () => pooler);
  return { ...servers, access, running: [...servers.running, process] };
}
