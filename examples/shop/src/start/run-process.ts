import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChildServer } from '@kith/local-servers';
import type { ServiceName } from '../run/shop-services.ts';

export interface ProcessOfTheShop {
  readonly names: readonly ServiceName[];
  /** SIGKILL, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** After `kill` or `stop`; resolves when its services answer. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('../run/main.ts', import.meta.url));

/** Starts the named services as one process, which can be killed and started again; what it says is kept in the folder. */
export async function runProcess(options: {
  readonly names: readonly ServiceName[];
  readonly urls: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}): Promise<ProcessOfTheShop> {
  const { names, urls, env, folder } = options;
  let child: Awaited<ReturnType<typeof runChildServer>>;
  async function start(): Promise<void> {
    child = await runChildServer({
      name: `shop (${names.join(', ')})`,
      command: process.execPath,
      args: [PROGRAM, ...names],
      logFile: join(folder, `${names.join('-')}.log`),
      spawnOptions: { env: { ...process.env, ...env } },
      readyWithinMs: 60_000,
      isReady: async () => {
        const answers = await Promise.all(urls.map((url) => fetch(`${url}/ready`).catch(() => undefined)));
        return answers.every((answer) => answer?.ok);
      },
    });
  }
  await start();
  return { names, start, kill: () => child.kill(), stop: () => child.stop() };
}
