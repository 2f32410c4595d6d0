import slotOf from 'cluster-key-slot';
import { askForSlots, hostAndPort } from './ask-for-slots.ts';
import { type ClientOptions, openRedisServer, type RedisServer } from './redis-server.ts';
import type { SlotRange } from './slot-ranges.ts';

export interface ClusterOptions {
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  /** All but host and port. */
  readonly client: ClientOptions;
  readonly commandTimeoutMs?: number | undefined;
  /** All slots are served again. */
  readonly onUsable: () => void;
  readonly onAway: (why: Error) => void;
  /** One primary answers: what it missed may be tried again. */
  readonly onReady: () => void;
}

export interface RedisCluster {
  /** Who keeps this key, as far as is known; undefined when nobody is known to. */
  serverOf(key: string): RedisServer | undefined;
  /** What serves each of the keys that are asked for in one go. */
  readonly usable: boolean;
  /** To be told of each error that a server answered with: some say that the map is wrong. */
  learnFrom(error: Error): void;
  close(): void;
}

const SLOTS = 16_384;
/** The map is asked for again so often, and so soon when something is wrong with it. */
const REFRESH_EVERY_MS = 5_000;
const REFRESH_AGAIN_AFTER_MS = 250;
const AT_MOST_ONCE_IN_MS = 50;
/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding */
const MAP_IS_WRONG = /^(?:MOVED|ASK|CLUSTERDOWN|TRYAGAIN|READONLY|MASTERDOWN) /;
const MOVED = /^MOVED (\d+) (\S+:\d+)$/;

/**
 * Client of a Redis Cluster: the slot map, and one connection to each primary. It follows no redirection. Whoever moved
 * to another server is asked there once the map says so, and is away until then: so that no answer comes from a server
 * of which its reader does not know that it took over.
 */
export function openRedisCluster(options: ClusterOptions): RedisCluster {
  const primaries = new Map<string, RedisServer>();
  let slots: (RedisServer | undefined)[] = [];
  let served = 0;
  /** Everybody who was ever said to be in the cluster, and may know the map. */
  let known = options.seeds.map(addressOf);
  let closed = false;

  const isWhole = () => served === SLOTS && [...primaries.values()].every((server) => server.usable);
  const open = (address: string): RedisServer =>
    openRedisServer({
      client: { ...options.client, ...hostAndPort(address) },
      commandTimeoutMs: options.commandTimeoutMs,
      inCluster: true,
      onUsable() {
        if (closed) return;
        options.onReady();
        if (isWhole()) options.onUsable();
      },
      onAway(why) {
        if (closed) return;
        options.onAway(why);
        refresh();
      },
    });

  function adopt(ranges: readonly SlotRange[]): void {
    const before = new Map(primaries);
    primaries.clear();
    slots = new Array(SLOTS).fill(undefined);
    served = 0;
    for (const { from, to, primary } of ranges) {
      const server = primaries.get(primary) ?? before.get(primary) ?? open(primary);
      primaries.set(primary, server);
      slots.fill(server, from, to + 1);
      served += to - from + 1;
    }
    for (const [address, server] of before) if (!primaries.has(address)) server.close();
    known = [...new Set([...ranges.flatMap(({ members }) => members), ...options.seeds.map(addressOf)])];
    if (served < SLOTS) options.onAway(new Error(`${SLOTS - served} slots of the cluster are served by nobody`));
    else if (isWhole()) options.onUsable();
  }

  async function load(): Promise<void> {
    try {
      const ranges = await askForSlots({ connected: primaries, known, client: options.client });
      if (!closed) adopt(ranges);
    } catch (error) {
      if (!closed) options.onAway(error as Error);
    }
  }

  const { refresh, stop } = keepRefreshing(load, isWhole);
  refresh();

  return {
    serverOf: (key) => slots[slotOf(key)],
    get usable() {
      return isWhole();
    },
    learnFrom(error) {
      if (!MAP_IS_WRONG.test(error.message)) return;
      const [, slot, address = ''] = MOVED.exec(error.message) ?? [];
      const server = primaries.get(address);
      if (server) slots[Number(slot)] = server;
      refresh();
    },
    close() {
      closed = true;
      stop();
      for (const server of primaries.values()) server.close();
    },
  };
}

const addressOf = ({ host, port }: { host: string; port: number }) => `${host}:${port}`;

/** Single-flight; who asks while one is under way, or just after it, gets another. */
function keepRefreshing(load: () => Promise<void>, isWhole: () => boolean): { refresh(): void; stop(): void } {
  let loading = false;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let again = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  function refresh(): void {
    again = true;
    if (loading || stopped) return;
    const waitMs = loadedAt + AT_MOST_ONCE_IN_MS - performance.now();
    if (waitMs > 0) {
      refreshIn(waitMs);
      return;
    }
    clearTimeout(timer);
    again = false;
    loading = true;
    void load().finally(() => {
      loading = false;
      loadedAt = performance.now();
      refreshIn(again || !isWhole() ? REFRESH_AGAIN_AFTER_MS : REFRESH_EVERY_MS);
    });
  }
  function refreshIn(ms: number): void {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(refresh, ms).unref();
  }
  return {
    refresh,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
