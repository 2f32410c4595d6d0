import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../waiting/eventually.ts';
import { type RedisNode, type StartRedisProcess, startRedisNode, withReplication } from './restartable-redis.ts';
import { startForItsUsers } from './start-for-its-users.ts';
import { answersStrangers, REDIS_COMMANDS, redisOperatorAlone, redisProgram } from './start-redis.ts';
import { OPERATOR, type Passwords, passwordOfThisProcess, type ServerUsers } from './users-of-a-server.ts';

export interface RedisSentinelsPlace {
  readonly dataFolder?: string;
  readonly users?: ServerUsers<string>;
  readonly passwords?: Passwords<string>;
  readonly command?: string;
  readonly replicas?: number;
  readonly sentinels?: number;
  /** How long the primary may be silent before the Sentinels promote a replica. */
  readonly downAfterMs?: number;
}

export interface LocalRedisSentinels {
  /** The first is the primary at the beginning. */
  readonly nodes: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** What a REDIS_URL may be, as the operator and as a user. */
  readonly url: string;
  urlOf(user: string): string;
  /** The primary according to the Sentinels. */
  primary(): Promise<RedisNode>;
  /** Waits until the Sentinels agree on a primary that takes writes, and all others follow it. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

const PRIMARY = 'kith-primary';
/** Of the Sentinels: who may ask for the primary, and hear of another, and nothing else. */
const ASKS_SENTINELS = 'asks';

/** Starts a primary, two replicas and three Sentinels on 127.0.0.1, unless told otherwise, for their users alone. */
export async function startRedisSentinels(place: RedisSentinelsPlace = {}): Promise<LocalRedisSentinels> {
  const temporary = place.dataFolder === undefined ? await mkdtemp(join(tmpdir(), 'kith-sentinels-')) : undefined;
  const folder = place.dataFolder ?? (temporary as string);
  const users = withReplication(place.users ?? redisOperatorAlone);
  const [nodes, sentinels]: [RedisNode[], RedisNode[]] = [[], []];
  const stop = async () => {
    await Promise.all([...sentinels, ...nodes].map((node) => node.stop()));
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  };
  try {
    for (let number = 1; number <= 1 + (place.replicas ?? 2); number += 1) {
      const [first] = nodes;
      const follow = first ? ['--replicaof', `127.0.0.1 ${first.port}`] : [];
      const dataFolder = join(folder, `node-${number}`);
      const { passwords, command } = place;
      const more = ['--repl-diskless-sync-delay', '0', '--rdb-del-sync-files', 'yes', ...follow];
      nodes.push(await startRedisNode({ dataFolder, users, passwords, command, more }));
    }
    const [primary] = nodes as [RedisNode];
    const watching = sentinelUsers(primary, { ...place, quorum: Math.floor((place.sentinels ?? 3) / 2) + 1 });
    for (let number = 1; number <= (place.sentinels ?? 3); number += 1) {
      const at = { dataFolder: join(folder, `sentinel-${number}`), users: watching, command: place.command };
      sentinels.push(await startRedisNode(at, startSentinel));
    }
    const set = sentinelsOf(nodes, sentinels, stop);
    await set.settle();
    return set;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** A Sentinel writes what it learns into its configuration: that is made once, and kept. */
const startSentinel: StartRedisProcess = ({ dataFolder, port, users, command = redisProgram() }) =>
  startForItsUsers(
    {
      scheme: 'redis',
      commands: REDIS_COMMANDS,
      operatorAlone: redisOperatorAlone,
      argumentsOf: (at) => [
        at.config,
        '--sentinel',
        '--bind',
        '127.0.0.1',
        '--port',
        String(at.port),
        '--dir',
        dataFolder,
      ],
      isReady: answersStrangers,
    },
    {
      dataFolder,
      ...(port !== undefined && { port }),
      ...(users && { users }),
      ...(command !== undefined && { command }),
    },
  );

/** https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/#sentinel-and-redis-authentication */
function sentinelUsers(
  primary: RedisNode,
  { quorum, downAfterMs = 1_000, passwords }: RedisSentinelsPlace & { quorum: number },
): ServerUsers<string> {
  const data = passwords?.[OPERATOR] ?? passwordOfThisProcess(OPERATOR);
  return {
    names: [OPERATOR, ASKS_SENTINELS],
    configurationFor: (own) =>
      [
        redisOperatorAlone.configurationFor({ [OPERATOR]: own[OPERATOR] ?? '' }).trim(),
        `user ${ASKS_SENTINELS} on >${own[ASKS_SENTINELS]} resetchannels &+switch-master -@all +@connection +subscribe +sentinel|get-master-addr-by-name +sentinel|sentinels`,
        `sentinel sentinel-user ${OPERATOR}`,
        `sentinel sentinel-pass ${own[OPERATOR]}`,
        `sentinel monitor ${PRIMARY} 127.0.0.1 ${primary.port} ${quorum}`,
        `sentinel auth-user ${PRIMARY} ${OPERATOR}`,
        `sentinel auth-pass ${PRIMARY} ${data}`,
        `sentinel down-after-milliseconds ${PRIMARY} ${downAfterMs}`,
        `sentinel failover-timeout ${PRIMARY} ${downAfterMs * 4}`,
        '',
      ].join('\n'),
  };
}

function sentinelsOf(
  nodes: readonly RedisNode[],
  sentinels: readonly RedisNode[],
  stop: () => Promise<void>,
): LocalRedisSentinels {
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const asks = `sentinel_username=${ASKS_SENTINELS}&sentinel_password=${passwordOfThisProcess(ASKS_SENTINELS)}`;
  const sentinelUrl = (data: string) => {
    const { username, password } = new URL(data);
    return `redis+sentinel://${username}:${password}@${hosts}/${PRIMARY}?${asks}`;
  };
  const [first] = nodes as [RedisNode];
  const primary = async () => {
    for (const sentinel of sentinels) {
      const at = await sentinel.tell('SENTINEL', 'get-master-addr-by-name', PRIMARY).catch(() => undefined);
      const found = Array.isArray(at) && nodes.find(({ port }) => port === Number(at[1]));
      if (found) return found;
    }
    throw new Error('No Sentinel answers');
  };
  return {
    nodes,
    sentinels,
    url: sentinelUrl(first.url),
    urlOf: (user) => sentinelUrl(first.urlOf(user)),
    primary,
    async settle() {
      await eventually(
        'there is a primary, all others follow it, and all Sentinels know of each other',
        async () => {
          const { port } = await primary();
          const roles = await Promise.all(nodes.map((node) => node.tell('ROLE') as Promise<unknown[]>));
          const follow = ([role, , of, state]: unknown[]) => role === 'slave' && of === port && state === 'connected';
          const others = await Promise.all(sentinels.map((each) => each.tell('SENTINEL', 'sentinels', PRIMARY)));
          return (
            nodes.every((node, at) => (node.port === port ? roles[at]?.[0] === 'master' : follow(roles[at] ?? []))) &&
            others.every((known) => (known as unknown[]).length === sentinels.length - 1)
          );
        },
        { withinMs: 90_000 },
      );
    },
    stop,
  };
}
