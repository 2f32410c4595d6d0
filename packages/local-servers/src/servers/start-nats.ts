import { join } from 'node:path';
import {
  type ChildServer,
  type ChildServerPlace,
  firstWords,
  startOnAPort,
} from '../child-process/child-server-on-a-port.ts';
import { findProgram } from '../child-process/find-program.ts';
import { runChildServer } from '../child-process/run-child-server.ts';
import { writeSecretFile } from '../child-process/write-secret-file.ts';
import {
  addressOf,
  OPERATOR,
  type Passwords,
  passwordOfThisProcess,
  passwordsOfThisProcess,
  type ServerUsers,
} from './users-of-a-server.ts';

export const NATS_COMMANDS = ['nats-server'] as const;

/** `url` is the operator's, who may do everything. */
export type NatsServer<User extends string = string> = ChildServer & { urlOf(user: User): string };

const OPERATOR_ALONE: ServerUsers<typeof OPERATOR> = {
  names: [OPERATOR],
  // The server reads JSON, too.
  configurationFor: (passwords) =>
    `authorization: ${JSON.stringify({ users: [{ user: OPERATOR, password: passwords[OPERATOR] }] })}\n`,
};

/** The address of a server that has the passwords of this process, whether it runs or not. */
export const natsUrl = (port: number, user: string) => addressOf('nats', port, user, passwordOfThisProcess(user));

/**
 * Starts a nats-server with JetStream (file storage) on 127.0.0.1, for its users alone.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes; `command` defaults to PATH's;
 *   `users` to the operator alone; `passwords` to ones that are made once in this process
 */
export async function startNats<User extends string = typeof OPERATOR>(
  place: ChildServerPlace & { command?: string; users?: ServerUsers<User>; passwords?: Passwords<User> } = {},
): Promise<NatsServer<User | typeof OPERATOR>> {
  const users = place.users ?? (OPERATOR_ALONE as ServerUsers<string> as ServerUsers<User>);
  const passwords: Passwords<string> = place.passwords ?? passwordsOfThisProcess(users.names);
  const server = await startOnAPort('nats', place, async (port, dataFolder, logFile) => {
    const config = join(dataFolder, 'nats.conf');
    await writeSecretFile(config, users.configurationFor(passwords));
    return runChildServer({
      name: 'nats-server',
      command: place.command ?? findProgram(NATS_COMMANDS) ?? NATS_COMMANDS[0],
      // Passwords stand in the file: everybody on the machine can read a command line.
      args: [
        ...['--config', config, '--addr', '127.0.0.1', '--port', String(port)],
        ...['--jetstream', '--store_dir', dataFolder],
      ],
      logFile,
      isReady: async () => (await firstWords(port, ''))?.startsWith('INFO ') ?? false,
    });
  });
  const urlOf = (user: string) => addressOf('nats', server.port, user, passwords[user] ?? '');
  return { ...server, url: urlOf(OPERATOR), urlOf };
}
