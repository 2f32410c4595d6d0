import { type ChildServer, type ChildServerPlace, firstWords, startOnAPort } from './child-server-on-a-port.ts';
import { findProgram } from './find-program.ts';
import { runChildServer } from './run-child-server.ts';

export const REDIS_COMMANDS = ['redis-server', 'valkey-server'] as const;

/**
 * Starts a redis-server (or valkey-server, by `command`) on 127.0.0.1, without persistence: the views in it are copies
 * of Postgres, and a copy restored from an old snapshot together with its old floor could not be told from a fresh one.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes
 */
export function startRedis(place: ChildServerPlace & { command?: string } = {}): Promise<ChildServer> {
  return startOnAPort('redis', place, (port, dataFolder, logFile) =>
    runChildServer({
      name: 'redis-server',
      command: place.command ?? findProgram(REDIS_COMMANDS) ?? REDIS_COMMANDS[0],
      args: ['--bind', '127.0.0.1', '--port', String(port), '--dir', dataFolder, '--save', '', '--appendonly', 'no'],
      logFile,
      isReady: async () => (await firstWords(port, 'PING\r\n'))?.startsWith('+PONG') ?? false,
    }),
  );
}
