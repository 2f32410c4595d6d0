import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildServer } from '../child-process/child-server-on-a-port.ts';
import { eventually } from '../waiting/eventually.ts';
import { freePort } from '../waiting/find-free-port.ts';
import { type NatsServer, startNats } from './start-nats.ts';
import { addressOf, OPERATOR, type Passwords, passwordsOfThisProcess, type ServerUsers } from './users-of-a-server.ts';

/** One server of a cluster; keeps its folder and port over restarts. */
export interface NatsNode {
  /** Its name in the cluster: `n1`. */
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  readonly running: boolean;
  readonly dataFolder: string;
  /** Resolves when its last process has ended, for whatever reason. */
  readonly ended: Promise<number | string>;
  /** SIGKILL; its data stays. */
  kill(): Promise<void>;
  /** SIGTERM; its data stays. */
  stop(): Promise<void>;
  /** SIGUSR2: lame duck mode, at the end of which it stops by itself. */
  beLameDuck(): Promise<void>;
  start(): Promise<void>;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
}

export interface NatsCluster<User extends string = string> {
  readonly nodes: readonly NatsNode[];
  /** All servers, with the operator's full rights. */
  readonly url: string;
  urlOf(user: User): string;
  /** Ends all, and removes their data if that was in a private temporary folder. */
  stop(): Promise<void>;
}

export interface ClusterPlace<User extends string> {
  readonly dataFolder?: string;
  readonly logFolder?: string;
  readonly command?: string;
  readonly users?: ServerUsers<User>;
  readonly passwords?: Passwords<User>;
  /** How many servers; default 3. */
  readonly size?: number;
  /**
   * Through which port somebody reaches a server's port, where they are not to reach it directly: a server its peers, by
   * their names, and `clients` the servers. Asked once for each.
   */
  readonly way?: (from: string, to: string, port: number) => Promise<number>;
}

const OPERATOR_ALONE: ServerUsers<typeof OPERATOR> = {
  names: [OPERATOR],
  configurationFor: (passwords) =>
    `authorization: ${JSON.stringify({ users: [{ user: OPERATOR, password: passwords[OPERATOR] }] })}\n`,
};

/**
 * Starts nats-servers with JetStream on 127.0.0.1 as one cluster with authentication; resolves when JetStream has a
 * leader and all servers have joined.
 */
export async function startNatsCluster<User extends string = typeof OPERATOR>(
  place: ClusterPlace<User> = {},
): Promise<NatsCluster<User | typeof OPERATOR>> {
  const temporary = place.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'kith-nats-cluster-')) : undefined;
  const folder = place.dataFolder ?? (temporary as string);
  const users: ServerUsers<string> = place.users ?? OPERATOR_ALONE;
  const passwords: Passwords<string> = place.passwords ?? passwordsOfThisProcess(users.names);
  const ports = await freePortsOf(3 * (place.size ?? 3));
  const own = Array.from({ length: place.size ?? 3 }, (_, at) => ({
    name: `n${at + 1}`,
    port: ports[3 * at] as number,
    routePort: ports[3 * at + 1] as number,
    monitorPort: ports[3 * at + 2] as number,
  }));
  const addresses = await Promise.all(own.map((each) => addressed(each, own, place.way)));
  const nodes = addresses.map((address) => nodeAt(address, { ...place, folder, users, passwords }));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await eventually('every server of the cluster is healthy', async () => {
      const answers = await Promise.all(addresses.map(({ monitorPort }) => isHealthy(monitorPort)));
      return answers.every((healthy) => healthy);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  const urlOf = (user: string) => {
    const [first, ...others] = addresses;
    const url = addressOf('nats', first?.clientPort ?? 0, user, passwords[user] ?? '');
    return [url, ...others.map(({ clientPort }) => `127.0.0.1:${clientPort}`)].join(',');
  };
  return { nodes, url: urlOf(OPERATOR), urlOf, stop };
}

interface OwnPorts {
  readonly name: string;
  readonly port: number;
  readonly routePort: number;
  readonly monitorPort: number;
}

interface Address extends OwnPorts {
  /** Where clients find it. */
  readonly clientPort: number;
  /** Where it finds the others, and itself. */
  readonly routes: readonly number[];
  /** It is found there alone: nobody is told of another address. */
  readonly isHidden: boolean;
}

async function addressed(
  self: OwnPorts,
  all: readonly OwnPorts[],
  way: NonNullable<ClusterPlace<string>['way']> | undefined,
): Promise<Address> {
  const through = way ?? (async (_from: string, _to: string, port: number) => port);
  return {
    ...self,
    clientPort: await through('clients', self.name, self.port),
    routes: await Promise.all(all.map(({ name, routePort }) => through(self.name, name, routePort))),
    isHidden: way !== undefined,
  };
}

interface Whole {
  readonly folder: string;
  readonly logFolder?: string;
  readonly command?: string;
  readonly users: ServerUsers<string>;
  readonly passwords: Passwords<string>;
}

function nodeAt(address: Address, whole: Whole): NatsNode {
  const { name, port } = address;
  const dataFolder = join(whole.folder, name);
  const logFile = join(whole.logFolder ?? dataFolder, `nats-${name}.log`);
  const users: ServerUsers<string> = {
    names: whole.users.names,
    configurationFor: (passwords) => `${whole.users.configurationFor(passwords)}${membership(address)}`,
  };
  let server: (ChildServer & Pick<NatsServer, 'urlOf'>) | undefined;
  const take = () => {
    const taken = server;
    server = undefined;
    return taken;
  };
  return {
    name,
    port,
    get pid() {
      return server?.pid ?? 0;
    },
    get running() {
      return server !== undefined;
    },
    dataFolder,
    get ended() {
      return server?.ended ?? Promise.resolve('it does not run');
    },
    pause: () => server?.pause(),
    resume: () => server?.resume(),
    kill: async () => take()?.kill(),
    stop: async () => take()?.stop(),
    async beLameDuck() {
      const leaving = take();
      if (!leaving) return;
      process.kill(leaving.pid, 'SIGUSR2');
      await leaving.ended;
    },
    async start() {
      await mkdir(dataFolder, { recursive: true, mode: 0o700 });
      const { passwords, command } = whole;
      server = await startNats({
        dataFolder,
        port,
        logFile,
        users,
        passwords,
        ...(command !== undefined && { command }),
      });
    },
  };
}

/** The part of a server's configuration that makes it one of the cluster. */
function membership({ name, routePort, monitorPort, routes, isHidden }: Address): string {
  const cluster = {
    name: 'kith',
    listen: `127.0.0.1:${routePort}`,
    routes: routes.map((port) => `nats-route://127.0.0.1:${port}`),
    // Nobody listens there.
    ...(isHidden && { no_advertise: true, advertise: '127.0.0.1:1' }),
  };
  return [
    `server_name: ${name}`,
    `http: 127.0.0.1:${monitorPort}`,
    `cluster: ${JSON.stringify(cluster)}`,
    // The shortest that the server takes.
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "1s"\n',
  ].join('\n');
}

const isHealthy = async (monitorPort: number): Promise<boolean> => {
  const answer = await fetch(`http://127.0.0.1:${monitorPort}/healthz`).catch(() => undefined);
  return answer?.ok ?? false;
};

/** Distinct ports: the system may offer a port again while nothing listens on it yet. */
async function freePortsOf(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
