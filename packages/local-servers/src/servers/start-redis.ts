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

export const REDIS_COMMANDS = ['redis-server', 'valkey-server'] as const;

/** `url` is the operator's, who may do everything. */
export type RedisServer<User extends string = string> = ChildServer & { urlOf(user: User): string };

const OPERATOR_ALONE: ServerUsers<typeof OPERATOR> = {
  names: [OPERATOR],
  configurationFor: (passwords) => `user default off\nuser ${OPERATOR} on >${passwords[OPERATOR]} ~* &* +@all\n`,
};

/** The address of a server that has the passwords of this process, whether it runs or not. */
export const redisUrl = (port: number, user: string) => addressOf('redis', port, user, passwordOfThisProcess(user));

/**
 * Starts a redis-server (or valkey-server, by `command`) on 127.0.0.1, for its users alone.
 * Without persistence: the views in it are copies of Postgres, and a copy restored from an old snapshot together with
 * its old floor could not be told from a fresh one.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes; `users` defaults to the operator
 *   alone, `passwords` to ones that are made once in this process
 */
export async function startRedis<User extends string = typeof OPERATOR>(
  place: ChildServerPlace & { command?: string; users?: ServerUsers<User>; passwords?: Passwords<User> } = {},
): Promise<RedisServer<User | typeof OPERATOR>> {
  const users = place.users ?? (OPERATOR_ALONE as ServerUsers<string> as ServerUsers<User>);
  const passwords: Passwords<string> = place.passwords ?? passwordsOfThisProcess(users.names);
  const server = await startOnAPort('redis', place, async (port, dataFolder, logFile) => {
    const config = join(dataFolder, 'redis.conf');
    await writeSecretFile(config, users.configurationFor(passwords));
    return runChildServer({
      name: 'redis-server',
      command: place.command ?? findProgram(REDIS_COMMANDS) ?? REDIS_COMMANDS[0],
      args: [
        // Passwords stand in the file: everybody on the machine can read a command line.
        ...[config, '--bind', '127.0.0.1', '--port', String(port)],
        ...['--dir', dataFolder, '--save', '', '--appendonly', 'no'],
      ],
      logFile,
      // It answers, and asks who is there.
      isReady: async () => (await firstWords(port, 'PING\r\n'))?.startsWith('-NOAUTH') ?? false,
    });
  });
  const urlOf = (user: string) => addressOf('redis', server.port, user, passwords[user] ?? '');
  return { ...server, url: urlOf(OPERATOR), urlOf };
}
