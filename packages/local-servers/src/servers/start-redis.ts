import { firstWords } from '../child-process/child-server-on-a-port.ts';
import { findProgram } from '../child-process/find-program.ts';
import { type PlaceForUsers, type ServerForUsers, type ServerKind, startForItsUsers } from './start-for-its-users.ts';
import { addressOf, OPERATOR, passwordOfThisProcess, type ServerUsers } from './users-of-a-server.ts';

export const REDIS_COMMANDS = ['redis-server', 'valkey-server'] as const;

/** `url` is the operator's, who may do everything. */
export type RedisServer<User extends string = string> = ServerForUsers<User>;

export const redisOperatorAlone: ServerUsers<typeof OPERATOR> = {
  names: [OPERATOR],
  configurationFor: (passwords) => `user default off\nuser ${OPERATOR} on >${passwords[OPERATOR]} ~* &* +@all\n`,
};

/** A redis-server on 127.0.0.1, with further arguments. */
export const redisKind = (more: readonly string[] = []): ServerKind => ({
  scheme: 'redis',
  commands: REDIS_COMMANDS,
  operatorAlone: redisOperatorAlone,
  argumentsOf: ({ config, port, dataFolder }) => [
    ...[config, '--bind', '127.0.0.1', '--port', String(port)],
    ...['--dir', dataFolder, '--save', '', '--appendonly', 'no', ...more],
  ],
  isReady: answersStrangers,
});

/** It answers, and asks who is there. */
export const answersStrangers = async (port: number): Promise<boolean> =>
  (await firstWords(port, 'PING\r\n'))?.startsWith('-NOAUTH') ?? false;

/** Which program is to be Redis: REDIS_SERVER_PROGRAM, by its name or path, or the first that is installed. */
export function redisProgram(env = process.env): string | undefined {
  const named = env.REDIS_SERVER_PROGRAM;
  if (!named) return findProgram(REDIS_COMMANDS);
  return named.includes('/') ? named : (findProgram([named]) ?? named);
}

/** The address of a server that has the passwords of this process, whether it runs or not. */
export const redisUrl = (port: number, user: string) => addressOf('redis', port, user, passwordOfThisProcess(user));

/**
 * Starts a redis-server (or valkey-server, by `command` or REDIS_SERVER_PROGRAM) on 127.0.0.1, for its users alone.
 * Without persistence: the views in it are copies of Postgres, and a copy restored from an old snapshot together with
 * its old floor could not be told from a fresh one.
 *
 * @param more arguments of its command line
 */
export function startRedis<User extends string = typeof OPERATOR>(
  place: PlaceForUsers<User> = {},
  more: readonly string[] = [],
): Promise<RedisServer<User | typeof OPERATOR>> {
  const command = place.command ?? redisProgram();
  return startForItsUsers(redisKind(more), { ...place, ...(command !== undefined && { command }) });
}
