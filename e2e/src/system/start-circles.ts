import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runRestartable, type ServiceProcess } from '@kith/local';
import { createDatabaseIfMissing, eventually, freePort, missesNothing, runChildServer } from '@kith/local-servers';
import { type CircleDatabase, openCircleDatabase } from '../lists/circle-lists-in-postgres.ts';
import { runKith, WORKSPACE } from './run-kith.ts';
import type { SystemForTest } from './start-system-for-test.ts';

/** Stopping it for good is `close`: `stop` and `start` are an outage. */
export type CirclesProcess = ServiceProcess & {
  readonly database: CircleDatabase;
  close(): Promise<void>;
};

/** `examples/circles` beside a system that runs: a process of its own, with a database of its own. */
export async function startCircles(system: SystemForTest): Promise<CirclesProcess> {
  const databaseUrl = new URL(system.friendDatabaseUrl);
  databaseUrl.pathname = '/circles';
  await createDatabaseIfMissing(databaseUrl.href);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    ...{ PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'warn', CIRCLES_DATABASE_URL: databaseUrl.href },
    ...{ NATS_URL: system.natsUrl, USER_URL: system.user.url, GATEWAY_KEY: system.gatewayKey },
  };
  const service = await runRestartable('circles', url, () =>
    runChildServer({
      name: 'the circles process',
      command: process.execPath,
      args: [join(WORKSPACE, 'examples/circles/src/main.ts')],
      logFile: join(system.kithData, 'logs', 'circles.log'),
      readyWithinMs: 60_000,
      spawnOptions: { env },
      isReady: () => missesNothing(url),
    }),
  );
  const database = openCircleDatabase(databaseUrl.href);
  return withGetters(service, {
    database,
    async close() {
      await database.close();
      await service.stop();
    },
  });
}

/** A copy would keep what the process was when it was made. */
function withGetters<More extends object>(service: ServiceProcess, more: More): ServiceProcess & More {
  return Object.assign(Object.create(service), more);
}

/** Circles join the system's graph, as an adopter's service does; resolves when its gateways have taken them up. */
export async function joinCircles(system: SystemForTest, circles: CirclesProcess): Promise<void> {
  const file = join(system.kithData, 'subgraphs.json');
  const known = JSON.parse(await readFile(file, 'utf8'));
  const joined = { urls: [circles.url], gatewayKey: true, viewerToken: true };
  await writeFile(file, JSON.stringify({ subgraphs: { ...known.subgraphs, circles: joined } }));
  const { code, stderr } = await runKith(system, ['supergraph', 'publish'], {
    SUBGRAPHS_FILE: file,
    SUPERGRAPH_FILE: join(system.kithData, 'supergraph.graphql'),
    GATEWAY_KEY: system.gatewayKey,
  }).ended;
  if (code !== 0) throw new Error(stderr);
  await eventually('the gateways have taken it up', async () => {
    const asked = system.gatewayUrls.map(async (url) => {
      const body = JSON.stringify({ query: '{ __type(name: "Circle") { name } }' });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(`${url}/graphql`, { method: 'POST', headers, body })).text();
    });
    return (await Promise.all(asked)).every((text) => text.includes('"Circle"'));
  });
}
