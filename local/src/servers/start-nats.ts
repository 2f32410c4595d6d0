import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type ChildServer, type ChildServerPlace, firstWords, startOnAPort } from './child-server-on-a-port.ts';
import { findProgram } from './find-program.ts';
import { runChildServer } from './run-child-server.ts';
import { NATS_USERS, type NatsUser, natsAuthorization } from './who-may-do-what-on-nats.ts';
import { writeSecretFile } from './write-secret-file.ts';

export const NATS_COMMANDS = ['nats-server'] as const;

export type NatsPasswords = Readonly<Record<NatsUser, string>>;

/** `url` is the operator's, who may do everything. */
export type NatsServer = ChildServer & { urlOf(user: NatsUser): string };

/** So that a test may start its server again, on the same port, for those who knew the first. */
const passwordsOfThisProcess = Object.fromEntries(
  NATS_USERS.map((user) => [user, randomBytes(24).toString('hex')]),
) as NatsPasswords;

/** The address of a server that has these passwords, whether it runs or not. */
export const natsUrl = (port: number, user: NatsUser, passwords: NatsPasswords = passwordsOfThisProcess) =>
  `nats://${user}:${encodeURIComponent(passwords[user])}@127.0.0.1:${port}`;

/**
 * Starts a nats-server with JetStream (file storage) on 127.0.0.1, where every process has a user and the least rights.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes; `command` defaults to PATH's;
 *   `passwords` to ones that are made once in this process
 */
export async function startNats(
  place: ChildServerPlace & { command?: string; passwords?: NatsPasswords } = {},
): Promise<NatsServer> {
  const passwords = place.passwords ?? passwordsOfThisProcess;
  const server = await startOnAPort('nats', place, async (port, dataFolder, logFile) => {
    const config = join(dataFolder, 'nats.conf');
    await writeSecretFile(config, natsAuthorization(passwords));
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
  const urlOf = (user: NatsUser) => natsUrl(server.port, user, passwords);
  return { ...server, url: urlOf('kith'), urlOf };
}
