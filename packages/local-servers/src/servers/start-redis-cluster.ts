import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../waiting/eventually.ts';
import { freePort } from '../waiting/find-free-port.ts';
import { type RedisNode, startRedisNode, withReplication } from './restartable-redis.ts';
import { redisOperatorAlone } from './start-redis.ts';
import type { Passwords, ServerUsers } from './users-of-a-server.ts';

export interface RedisClusterPlace {
  /** Holds a folder for each node; without it a private temporary one, which `stop()` removes. */
  readonly dataFolder?: string;
  readonly users?: ServerUsers<string>;
  readonly passwords?: Passwords<string>;
  /** The program; see startRedis. */
  readonly command?: string;
  readonly primaries?: number;
  readonly replicasOfEach?: number;
  /** How long a node may be silent before the others promote its replica. */
  readonly nodeTimeoutMs?: number;
  /** Further arguments of each node's command line. */
  readonly more?: readonly string[];
}

export interface LocalRedisCluster {
  readonly nodes: readonly RedisNode[];
  /** All nodes as a REDIS_URL, for the operator and for a user. */
  readonly url: string;
  urlOf(user: string): string;
  /** The node that serves a key now. */
  primaryOf(key: string): Promise<RedisNode>;
  /** The node that follows another now. */
  replicaOf(primary: RedisNode): Promise<RedisNode>;
  /** The nodes that serve slots now. */
  primaries(): Promise<readonly RedisNode[]>;
  /** A planned failover (CLUSTER FAILOVER): resolves when the replica has taken over. */
  promote(replica: RedisNode): Promise<void>;
  /** Gives the slot of a key to another node, with all keys in it (resharding): resolves when every node that runs knows. */
  moveSlotOf(key: string, to: RedisNode): Promise<void>;
  /** Waits until all slots are served, by as many nodes as there were, and each has its replica in step. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const SLOTS = 16_384;

/**
 * Starts a Redis Cluster on 127.0.0.1: three primaries and a replica of each, unless told otherwise, for its users alone.
 * A folder that holds one already is started as that.
 */
export async function startRedisCluster(place: RedisClusterPlace = {}): Promise<LocalRedisCluster> {
  const { primaries = 3, replicasOfEach = 1, nodeTimeoutMs = 1_500 } = place;
  const temporary = place.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'kith-redis-cluster-')) : undefined;
  const folder = place.dataFolder ?? (temporary as string);
  const users = withReplication(place.users ?? redisOperatorAlone);
  const nodes: RedisNode[] = [];
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  try {
    for (let number = 1; number <= primaries * (1 + replicasOfEach); number += 1) {
      nodes.push(
        await startRedisNode({
          ...{ dataFolder: join(folder, `node-${number}`), users, passwords: place.passwords, command: place.command },
          more: [...(await clusterArguments(nodeTimeoutMs)), ...(place.more ?? [])],
        }),
      );
    }
    const cluster = clusterOf(nodes, stop);
    await joinNodes(nodes, primaries, cluster);
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The port of the bus is one of its own: the usual one, 10,000 higher, may be none. */
const clusterArguments = async (nodeTimeoutMs: number) => [
  ...['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf', '--cluster-port', String(await freePort())],
  ...['--cluster-node-timeout', String(nodeTimeoutMs), '--cluster-replica-validity-factor', '0'],
  ...['--repl-diskless-sync-delay', '0', '--rdb-del-sync-files', 'yes', '--cluster-allow-replica-migration', 'no'],
];

async function joinNodes(nodes: readonly RedisNode[], primaries: number, cluster: LocalRedisCluster): Promise<void> {
  const [first] = nodes as [RedisNode];
  if (!/cluster_slots_assigned:0/.test(String(await first.tell('CLUSTER', 'INFO')))) return cluster.settle();
  for (const [at, node] of nodes.entries()) await node.tell('CLUSTER', 'SET-CONFIG-EPOCH', at + 1);
  const busPort = /@(\d+)[, ]/.exec(String(await first.tell('CLUSTER', 'NODES')))?.[1];
  for (const node of nodes.slice(1)) await node.tell('CLUSTER', 'MEET', '127.0.0.1', first.port, busPort as string);
  for (let at = 0; at < primaries; at += 1) {
    const [from, to] = [at, at + 1].map((part) => Math.round((part * SLOTS) / primaries)) as [number, number];
    await (nodes[at] as RedisNode).tell('CLUSTER', 'ADDSLOTSRANGE', from, to - 1);
  }
  await eventually('all nodes know each other', async () => {
    const known = await Promise.all(nodes.map((node) => node.tell('CLUSTER', 'INFO')));
    return known.every((info) => String(info).includes(`cluster_known_nodes:${nodes.length}\r\n`));
  });
  for (const [at, node] of nodes.slice(primaries).entries()) {
    const id = await (nodes[at % primaries] as RedisNode).tell('CLUSTER', 'MYID');
    await node.tell('CLUSTER', 'REPLICATE', String(id));
  }
  await cluster.settle();
}

function clusterOf(nodes: readonly RedisNode[], stop: () => Promise<void>): LocalRedisCluster {
  const urlOf = (each: (node: RedisNode) => string) => nodes.map(each).join(',');
  const byPort = (port: number) => nodes.find((node) => node.port === port) as RedisNode;
  const slotOf = async (key: string) => Number(await ask(nodes, 'CLUSTER', 'KEYSLOT', key));
  const ranges = async () => (await ask(nodes, 'CLUSTER', 'SLOTS')) as [number, number, ...[string, number][]][];
  const rolesOf = () => Promise.all(nodes.map((node) => node.tell('ROLE') as Promise<unknown[]>));

  const primaries = async () => [...new Set((await ranges()).map(([, , primary]) => byPort(primary?.[1] ?? 0)))];
  const primaryOf = async (key: string) => {
    const slot = await slotOf(key);
    const [, , [, port] = ['', 0]] = (await ranges()).find(([from, to]) => from <= slot && slot <= to) ?? [0, 0];
    return byPort(port);
  };
  return {
    nodes,
    url: urlOf(({ url }) => url),
    urlOf: (user) => urlOf((node) => node.urlOf(user)),
    primaryOf,
    primaries,
    async replicaOf(primary) {
      const roles = await Promise.all(nodes.map((node) => node.tell('ROLE').catch(() => []) as Promise<unknown[]>));
      return nodes[roles.findIndex(([role, , port]) => role === 'slave' && port === primary.port)] as RedisNode;
    },
    promote: (replica) =>
      // Asked again: the others vote for one replica of a primary in two node timeouts.
      eventually(
        'the replica has taken over',
        async () => {
          if (String(await replica.tell('ROLE')).startsWith('master')) return true;
          await replica.tell('CLUSTER', 'FAILOVER');
          return false;
        },
        { everyMs: 300 },
      ).then(() => undefined),
    async moveSlotOf(key, to) {
      const slot = await slotOf(key);
      await moveSlot(slot, await primaryOf(key), to, await primaries());
      // The replicas hear of it from others.
      await eventually('every node that runs knows who has the slot', async () => {
        const asked = nodes.map((node) => node.tell('CLUSTER', 'SLOTS').catch(() => undefined));
        const seen = (await Promise.all(asked)) as (Awaited<ReturnType<typeof ranges>> | undefined)[];
        return seen.every((known) => {
          if (known === undefined) return true;
          const [, , [, port] = ['', 0]] = known.find(([from, until]) => from <= slot && slot <= until) ?? [0, 0];
          return port === to.port;
        });
      });
    },
    async settle() {
      await eventually(
        'the cluster is whole',
        async () => {
          const infos = await Promise.all(nodes.map((node) => node.tell('CLUSTER', 'INFO')));
          const ok = infos.every((info) => /cluster_state:ok\r\n.*cluster_slots_ok:16384\r\n/s.test(String(info)));
          const roles = await rolesOf();
          return ok && roles.every(([role, , , state]) => role === 'master' || state === 'connected');
        },
        { withinMs: 60_000 },
      ).catch((error) => {
        throw new Error('the cluster did not become whole', { cause: error });
      });
    },
    stop,
  };
}

/** https://redis.io/docs/latest/commands/cluster-setslot/#redis-cluster-live-resharding-explained */
async function moveSlot(slot: number, from: RedisNode, to: RedisNode, primaries: readonly RedisNode[]): Promise<void> {
  if (from === to) return;
  const [fromId, toId] = [await from.tell('CLUSTER', 'MYID'), await to.tell('CLUSTER', 'MYID')].map(String) as [
    string,
    string,
  ];
  await to.tell('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
  await from.tell('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
  const { username, password } = new URL(to.url);
  const login = ['AUTH2', decodeURIComponent(username), decodeURIComponent(password)];
  for (;;) {
    const keys = (await from.tell('CLUSTER', 'GETKEYSINSLOT', slot, 1)) as string[];
    if (keys.length === 0) break;
    await from.tell('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, ...login, 'KEYS', ...keys);
  }
  for (const node of [to, from, ...primaries.filter((each) => each !== to && each !== from)]) {
    await node.tell('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
  }
}

/** Of the first node that answers. */
async function ask(nodes: readonly RedisNode[], ...command: [string, ...string[]]): Promise<unknown> {
  let failure: unknown;
  for (const node of nodes) {
    try {
      const answer = await node.tell(...command);
      if (String(answer) !== '') return answer;
    } catch (error) {
      failure = error;
    }
  }
  throw failure ?? new Error(`No node answers ${command.join(' ')}`);
}
