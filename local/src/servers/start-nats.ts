import { type ChildServer, type ChildServerPlace, firstWords, startOnAPort } from './child-server-on-a-port.ts';
import { findProgram } from './find-program.ts';
import { runChildServer } from './run-child-server.ts';

export const NATS_COMMANDS = ['nats-server'] as const;

/**
 * Starts a nats-server with JetStream (file storage) on 127.0.0.1.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes; `command` defaults to PATH's
 */
export function startNats(place: ChildServerPlace & { command?: string } = {}): Promise<ChildServer> {
  return startOnAPort('nats', place, (port, dataFolder, logFile) =>
    runChildServer({
      name: 'nats-server',
      command: place.command ?? findProgram(NATS_COMMANDS) ?? NATS_COMMANDS[0],
      args: ['--addr', '127.0.0.1', '--port', String(port), '--jetstream', '--store_dir', dataFolder],
      logFile,
      isReady: async () => (await firstWords(port, ''))?.startsWith('INFO ') ?? false,
    }),
  );
}
