import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from './start-redis.ts';
import { OPERATOR, type Passwords, type ServerUsers } from './users-of-a-server.ts';

/** One of several Redis processes; can be killed and restarted with the same folder and port. */
export interface RedisNode {
  readonly port: number;
  /** Of its last process. */
  readonly pid: number;
  /** Resolves when its last process has ended, for whatever reason. */
  readonly ended: Promise<number | string>;
  readonly url: string;
  urlOf(user: string): string;
  /** Sends a command as the operator; rejects with the server's error, and when it is away. */
  tell(command: string, ...args: readonly (string | number)[]): Promise<unknown>;
  kill(): Promise<void>;
  /** Restarts a killed node in its folder and on its port. */
  start(): Promise<void>;
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
}

export interface NodePlace {
  readonly dataFolder: string;
  readonly port?: number;
  readonly users?: ServerUsers<string> | undefined;
  readonly passwords?: Passwords<string> | undefined;
  /** The program; see startRedis. */
  readonly command?: string | undefined;
  /** Arguments of its command line. */
  readonly more?: readonly string[];
}

export type StartRedisProcess = (place: NodePlace) => Promise<RedisServer>;

const startPlain: StartRedisProcess = ({ dataFolder, port, users, passwords, command, more }) =>
  startRedis(
    {
      dataFolder,
      ...(port !== undefined && { port }),
      ...(users && { users }),
      ...(passwords && { passwords }),
      ...(command !== undefined && { command }),
    },
    more,
  );

export async function startRedisNode(place: NodePlace, startProcess = startPlain): Promise<RedisNode> {
  let running = await startProcess(place);
  const { port } = running;
  return {
    port,
    get pid() {
      return running.pid;
    },
    get ended() {
      return running.ended;
    },
    get url() {
      return running.url;
    },
    urlOf: (user) => running.urlOf(user),
    tell: (command, ...args) => tellRedisServer(running.url, command, ...args),
    kill: () => running.kill(),
    async start() {
      running = await startProcess({ ...place, port });
    },
    pause: () => running.pause(),
    resume: () => running.resume(),
    stop: () => running.stop(),
  };
}

/** Opens a connection for one command, and closes it. */
export async function tellRedisServer(
  url: string,
  command: string,
  ...args: readonly (string | number)[]
): Promise<unknown> {
  const client = new Redis(url, {
    ...{ lazyConnect: true, retryStrategy: null, enableReadyCheck: false, maxRetriesPerRequest: 0 },
    ...{ connectTimeout: 2_000, commandTimeout: 5_000 },
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** The same users, with the credentials by which a replica connects to its primary. */
export function withReplication(users: ServerUsers<string>): ServerUsers<string> {
  return {
    names: users.names,
    configurationFor: (passwords) =>
      `${users.configurationFor(passwords)}masteruser ${OPERATOR}\nmasterauth ${passwords[OPERATOR]}\n`,
  };
}
