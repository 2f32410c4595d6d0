import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@kith/local-servers';
import { installPackages } from './install-packages.ts';
import type { Peer, ServicesBehind } from './peer.ts';

const READY_WITHIN_MS = 60_000;

/** Another gateway that runs before Kith's services. */
export interface RunningPeer {
  readonly pid: number;
  readonly url: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Installs a peer where it is not yet, and starts it with a log and a folder of its own.
 *
 * @returns once it answers `{ __typename }`; throws, with the end of its log, when it does not within a minute
 */
export async function startPeer(peer: Peer, behind: ServicesBehind, under: string): Promise<RunningPeer> {
  const installed = await installPackages(peer.packages);
  const folder = join(under, peer.name.replaceAll(/\W+/g, '-').toLowerCase());
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const { command, args, path } = await peer.prepare(behind, { installed, folder, port });
  const logFile = join(folder, 'log');
  const log = await open(logFile, 'w');
  const child = spawn(command, args, {
    cwd: folder,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, NODE_ENV: 'production', HOME: folder },
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await log.close();
  };
  const url = `http://127.0.0.1:${port}${path}`;
  const until = performance.now() + READY_WITHIN_MS;
  while (!(await answers(url))) {
    if (performance.now() < until && child.exitCode === null) await sleep(100);
    else {
      const said = (await readFile(logFile, 'utf8')).trim();
      await stop();
      throw new Error(`${peer.name} did not start: ${said.slice(-500) || 'it said nothing'}`);
    }
  }
  return { pid: child.pid!, url, [Symbol.asyncDispose]: stop };
}

async function answers(url: string): Promise<boolean> {
  const asked = fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ __typename }"}',
    signal: AbortSignal.timeout(2_000),
  });
  return asked.then(
    async (response) => (await response.text()).includes('Query'),
    () => false,
  );
}
