import { firstWords } from '../child-process/child-server-on-a-port.ts';
import { type PlaceForUsers, type ServerForUsers, type ServerKind, startForItsUsers } from './start-for-its-users.ts';
import { addressOf, OPERATOR, passwordOfThisProcess } from './users-of-a-server.ts';

export const REDIS_COMMANDS = ['redis-server', 'valkey-server'] as const;

/** `url` is the operator's, who may do everything. */
export type RedisServer<User extends string = string> = ServerForUsers<User>;

const REDIS: ServerKind = {
  scheme: 'redis',
  commands: REDIS_COMMANDS,
  operatorAlone: {
    names: [OPERATOR],
    configurationFor: (passwords) => `user default off\nuser ${OPERATOR} on >${passwords[OPERATOR]} ~* &* +@all\n`,
  },
  argumentsOf: ({ config, port, dataFolder }) => [
    ...[config, '--bind', '127.0.0.1', '--port', String(port)],
    ...['--dir', dataFolder, '--save', '', '--appendonly', 'no'],
  ],
  // It answers, and asks who is there.
  isReady: async (port) => (await firstWords(port, 'PING\r\n'))?.startsWith('-NOAUTH') ?? false,
};

/** The address of a server that has the passwords of this process, whether it runs or not. */
export const redisUrl = (port: number, user: string) => addressOf('redis', port, user, passwordOfThisProcess(user));

/**
 * Starts a redis-server (or valkey-server, by `command`) on 127.0.0.1, for its users alone.
 * Without persistence: the views in it are copies of Postgres, and a copy restored from an old snapshot together with
 * its old floor could not be told from a fresh one.
 */
export function startRedis<User extends string = typeof OPERATOR>(
  place: PlaceForUsers<User> = {},
): Promise<RedisServer<User | typeof OPERATOR>> {
  return startForItsUsers(REDIS, place);
}
