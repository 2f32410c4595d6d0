import { firstWords } from '../child-process/child-server-on-a-port.ts';
import { type PlaceForUsers, type ServerForUsers, type ServerKind, startForItsUsers } from './start-for-its-users.ts';
import { addressOf, OPERATOR, passwordOfThisProcess } from './users-of-a-server.ts';

export const NATS_COMMANDS = ['nats-server'] as const;

/** `url` is the operator's, who may do everything. */
export type NatsServer<User extends string = string> = ServerForUsers<User>;

const NATS: ServerKind = {
  scheme: 'nats',
  commands: NATS_COMMANDS,
  operatorAlone: {
    names: [OPERATOR],
    // The server reads JSON, too.
    configurationFor: (passwords) =>
      `authorization: ${JSON.stringify({ users: [{ user: OPERATOR, password: passwords[OPERATOR] }] })}\n`,
  },
  argumentsOf: ({ config, port, dataFolder }) => [
    ...['--config', config, '--addr', '127.0.0.1', '--port', String(port)],
    ...['--jetstream', '--store_dir', dataFolder],
  ],
  isReady: async (port) => (await firstWords(port, ''))?.startsWith('INFO ') ?? false,
};

/** The address of a server that has the passwords of this process, whether it runs or not. */
export const natsUrl = (port: number, user: string) => addressOf('nats', port, user, passwordOfThisProcess(user));

/** Starts a nats-server with JetStream (file storage) on 127.0.0.1, for its users alone. */
export function startNats<User extends string = typeof OPERATOR>(
  place: PlaceForUsers<User> = {},
): Promise<NatsServer<User | typeof OPERATOR>> {
  return startForItsUsers(NATS, place);
}
