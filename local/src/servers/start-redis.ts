import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type ChildServer, type ChildServerPlace, firstWords, startOnAPort } from './child-server-on-a-port.ts';
import { findProgram } from './find-program.ts';
import { runChildServer } from './run-child-server.ts';
import { REDIS_USERS, type RedisUser, redisUsers } from './who-may-do-what-in-redis.ts';
import { writeSecretFile } from './write-secret-file.ts';

export const REDIS_COMMANDS = ['redis-server', 'valkey-server'] as const;

/** Hexadecimal, or without spaces at least: they stand in a line of a configuration. */
export type RedisPasswords = Readonly<Record<RedisUser, string>>;

/** `url` is the operator's, who may do everything. */
export type RedisServer = ChildServer & { urlOf(user: RedisUser): string };

/** So that a test may start its server again, on the same port, for those who knew the first. */
const passwordsOfThisProcess = Object.fromEntries(
  REDIS_USERS.map((user) => [user, randomBytes(24).toString('hex')]),
) as RedisPasswords;

/** The address of a server that has these passwords, whether it runs or not. */
export const redisUrl = (port: number, user: RedisUser, passwords: RedisPasswords = passwordsOfThisProcess) =>
  `redis://${user}:${encodeURIComponent(passwords[user])}@127.0.0.1:${port}`;

/**
 * Starts a redis-server (or valkey-server, by `command`) on 127.0.0.1, where every service has a user and its own keys.
 * Without persistence: the views in it are copies of Postgres, and a copy restored from an old snapshot together with
 * its old floor could not be told from a fresh one.
 *
 * @param place without `dataFolder`, a private temporary folder that `stop()` removes; `passwords` defaults to ones that
 *   are made once in this process
 */
export async function startRedis(
  place: ChildServerPlace & { command?: string; passwords?: RedisPasswords } = {},
): Promise<RedisServer> {
  const passwords = place.passwords ?? passwordsOfThisProcess;
  const server = await startOnAPort('redis', place, async (port, dataFolder, logFile) => {
    const config = join(dataFolder, 'redis.conf');
    await writeSecretFile(config, redisUsers(passwords));
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
  const urlOf = (user: RedisUser) => redisUrl(server.port, user, passwords);
  return { ...server, url: urlOf('kith'), urlOf };
}
