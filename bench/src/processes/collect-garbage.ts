import { readFile } from 'node:fs/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';

/** Makes the processes that are started by `start` take orders from `collectGarbageOf`. */
export async function withInspector<Result>(start: () => Promise<Result>): Promise<Result> {
  const { NODE_OPTIONS = '' } = process.env;
  process.env.NODE_OPTIONS = `${NODE_OPTIONS} --inspect=127.0.0.1:0`.trim();
  try {
    return await start();
  } finally {
    process.env.NODE_OPTIONS = NODE_OPTIONS;
  }
}

/**
 * Has another process collect its garbage, by the inspector's protocol
 * (https://chromedevtools.github.io/devtools-protocol/v8/HeapProfiler/#method-collectGarbage).
 *
 * @param logFile where that process has said at its start how to reach its inspector
 */
export async function collectGarbageOf(logFile: string): Promise<void> {
  const url = /Debugger listening on (ws:\S+)/.exec(await readFile(logFile, 'utf8'))?.[1];
  if (url === undefined) throw new Error('The process has no inspector.');
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' })));
    socket.on('message', () => resolve());
  });
  socket.terminate();
}

/** The same in this process. */
export function collectGarbageHere(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
