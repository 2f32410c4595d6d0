import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  createDatabaseIfMissing,
  endWhenThisProcessDies,
  eventually,
  freePort,
  missesNothing,
} from '@kith/local-servers';
import { WORKSPACE } from './run-kith.ts';
import type { SystemForTest } from './start-system-for-test.ts';

export interface CirclesProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** `examples/circles` beside a system that runs: a process of its own, with a database of its own. */
export async function startCircles(system: SystemForTest): Promise<CirclesProcess> {
  const database = new URL(system.friendDatabaseUrl);
  database.pathname = '/circles';
  await createDatabaseIfMissing(database.href);
  const port = await freePort();
  const child = spawn(process.execPath, [join(WORKSPACE, 'examples/circles/src/main.ts')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...{ PATH: process.env.PATH, PORT: String(port), LOG_LEVEL: 'silent', CIRCLES_DATABASE_URL: database.href },
      ...{ NATS_URL: system.natsUrl, USER_URL: system.user.url, GATEWAY_KEY: system.gatewayKey },
    },
  });
  endWhenThisProcessDies(child, 'SIGTERM');
  let said = '';
  child.stderr.on('data', (chunk) => (said += chunk));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await eventually('circles are ready', async () => {
    if (child.exitCode !== null) throw new Error(said);
    return missesNothing(url);
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
