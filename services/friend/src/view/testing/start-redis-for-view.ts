import { eventually, startRedis, startRedisCluster, startRedisSentinels } from '@kith/local-servers';

/** Redis as a test of the view needs it, whichever kind it is. */
export interface RedisForView {
  /** As the operator; a REDIS_URL. */
  readonly url: string;
  /** The servers that a command is for: the one that keeps its hash tag, else all primaries. */
  serversFor?(command: string): Promise<readonly { readonly url: string }[]>;
  stop(): Promise<void>;
}

export type RedisKind = 'server' | 'cluster' | 'sentinel';

/** The Redis that the tests of the view run against: `VIEW_REDIS=cluster` or `sentinel`, in place of one server. */
export const REDIS_KIND = (process.env.VIEW_REDIS ?? 'server') as RedisKind;

export async function startRedisForView(kind: RedisKind = REDIS_KIND): Promise<RedisForView> {
  if (kind === 'cluster') {
    const cluster = await startRedisCluster();
    return {
      url: cluster.url,
      async serversFor(command) {
        const [tag] = /\{[^}]+\}/.exec(command) ?? [];
        return tag === undefined ? cluster.primaries() : [await cluster.primaryOf(tag)];
      },
      stop: cluster.stop,
    };
  }
  if (kind === 'sentinel') {
    const set = await startRedisSentinels();
    return { url: set.url, serversFor: async () => [await set.primary()], stop: set.stop };
  }
  return startRedis();
}

/** Waits for what a replica is told a moment later: a test that kills its primary wants to know what is lost. */
export const toldReplicas = (node: { tell(command: string, ...args: (string | number)[]): Promise<unknown> }) =>
  eventually('the replicas know', async () => Number(await node.tell('WAIT', 1, 1_000)) >= 1);
