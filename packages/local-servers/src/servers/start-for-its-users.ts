import { join } from 'node:path';
import { type ChildServer, type ChildServerPlace, startOnAPort } from '../child-process/child-server-on-a-port.ts';
import { findProgram } from '../child-process/find-program.ts';
import { type RunningChild, runChildServer } from '../child-process/run-child-server.ts';
import { writeSecretFile } from '../child-process/write-secret-file.ts';
import { addressOf, OPERATOR, type Passwords, passwordsOfThisProcess, type ServerUsers } from './users-of-a-server.ts';

/** `url` is the operator's, who may do everything. */
export type ServerForUsers<User extends string = string> = ChildServer & { urlOf(user: User): string };

/**
 * `command` defaults to PATH's; `users` to the operator alone; `passwords` to ones that are made once in this process.
 * Without `dataFolder` the server has a private temporary folder that `stop()` removes.
 */
export type PlaceForUsers<User extends string> = ChildServerPlace & {
  command?: string;
  users?: ServerUsers<User>;
  passwords?: Passwords<User>;
};

/** One kind of server that asks who is there. */
export interface ServerKind {
  /** Of its addresses, and the name of its files. */
  readonly scheme: 'nats' | 'redis';
  readonly commands: readonly [string, ...string[]];
  readonly operatorAlone: ServerUsers<typeof OPERATOR>;
  /** `config` has users and passwords: everybody on the machine can read a command line. */
  readonly argumentsOf: (at: { config: string; port: number; dataFolder: string }) => string[];
  readonly isReady: (port: number) => Promise<boolean>;
}

/** Starts a server on 127.0.0.1, for its users alone. */
export async function startForItsUsers<User extends string>(
  kind: ServerKind,
  place: PlaceForUsers<User>,
): Promise<ServerForUsers<User | typeof OPERATOR>> {
  const { scheme, commands } = kind;
  const users: ServerUsers<string> = place.users ?? kind.operatorAlone;
  const passwords: Passwords<string> = place.passwords ?? passwordsOfThisProcess(users.names);
  const server = await startOnAPort(scheme, place, async (port, dataFolder, logFile): Promise<RunningChild> => {
    const config = join(dataFolder, `${scheme}.conf`);
    await writeSecretFile(config, users.configurationFor(passwords));
    return runChildServer({
      name: commands[0],
      command: place.command ?? findProgram(commands) ?? commands[0],
      args: kind.argumentsOf({ config, port, dataFolder }),
      logFile,
      isReady: () => kind.isReady(port),
    });
  });
  const urlOf = (user: string) => addressOf(scheme, server.port, user, passwords[user] ?? '');
  return { ...server, url: urlOf(OPERATOR), urlOf };
}
