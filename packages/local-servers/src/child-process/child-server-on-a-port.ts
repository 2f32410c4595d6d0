import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../waiting/find-free-port.ts';
import { ChildDidNotStart, type RunningChild } from './run-child-server.ts';

/** A NATS or Redis server of our own. */
export type ChildServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<number | string>;
  /** Ends it and removes its data folder if that was a private temporary one. */
  stop(): Promise<void>;
  /** SIGKILL. The data folder stays. */
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
};

export type ChildServerPlace = { dataFolder?: string; port?: number; logFile?: string };

/** Starts a server on the port asked for, or on a free one; in the folder asked for, or in a private temporary one. */
export async function startOnAPort(
  scheme: string,
  place: ChildServerPlace,
  run: (port: number, dataFolder: string, logFile: string) => Promise<RunningChild>,
): Promise<ChildServer> {
  const temporary = place.dataFolder === undefined ? await mkdtemp(join(tmpdir(), `kith-${scheme}-`)) : undefined;
  const dataFolder = place.dataFolder ?? (temporary as string);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const logFile = place.logFile ?? join(dataFolder, `${scheme}.log`);
  const removeTemporary = async () => {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  // Between finding a free port and listening on it, another process may take it: then another port is as good.
  for (let triesLeft = place.port === undefined ? 3 : 1; ; triesLeft--) {
    const port = place.port ?? (await freePort());
    try {
      const child = await run(port, dataFolder, logFile);
      return {
        url: `${scheme}://127.0.0.1:${port}`,
        port,
        pid: child.pid,
        ended: child.ended,
        stop: async () => {
          await child.stop();
          await removeTemporary();
        },
        kill: child.kill,
        pause: child.pause,
        resume: child.resume,
      };
    } catch (error) {
      if (triesLeft > 1 && error instanceof ChildDidNotStart) continue;
      await removeTemporary();
      throw error;
    }
  }
}

/** The first bytes a server says after `hello` was sent to it (nothing need be sent: pass ''), or null when it does not. */
export function firstWords(port: number, hello: string, withinMs = 500): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = (words: string | null) => {
      socket.destroy();
      resolve(words);
    };
    socket.setTimeout(withinMs, () => finish(null));
    socket.once('error', () => finish(null));
    socket.once('close', () => finish(null));
    socket.once('connect', () => hello && socket.write(hello));
    socket.once('data', (bytes) => finish(bytes.toString('utf8')));
  });
}
