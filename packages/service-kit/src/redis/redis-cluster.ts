import slotOf from 'cluster-key-slot';
import { askForSlots, hostAndPort } from './ask-for-slots.ts';
import { type ClientOptions, openRedisServer, type RedisServer } from './redis-server.ts';
import type { SlotRange } from './slot-ranges.ts';

export interface ClusterOptions {
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  /** All but host and port. */
  readonly client: ClientOptions;
  readonly commandTimeoutMs?: number | undefined;
  /** Called when all slots are served again. */
  readonly onUsable: () => void;
  readonly onAway: (why: Error) => void;
  /** Called when one primary answers again: failed work may be retried. */
  readonly onReady: () => void;
}

export interface RedisCluster {
  /** The server that keeps this key; undefined when none is known. */
  serverOf(key: string): RedisServer | undefined;
  /** Whether a usable server is known for every slot. */
  readonly usable: boolean;
  /** Must be called with each error that a server answered: some mean that the map is outdated. */
  learnFrom(error: Error): void;
  close(): void;
}

const SLOTS = 16_384;
/** How often the map is refreshed, and how soon when it may be wrong. */
const REFRESH_EVERY_MS = 5_000;
const REFRESH_AGAIN_AFTER_MS = 250;
const AT_MOST_ONCE_IN_MS = 50;
/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#redirection-and-resharding */
const MAP_IS_WRONG = /^(?:MOVED|ASK|CLUSTERDOWN|TRYAGAIN|READONLY|MASTERDOWN) /;
const MOVED = /^MOVED (\d+) (\S+:\d+)$/;

/**
 * Client of a Redis Cluster: the slot map, and one connection to each primary. It follows no redirection. A key that
 * moved is away until the map names its new server: so no answer comes from a server whose takeover the reader has not
 * noticed.
 */
export function openRedisCluster(options: ClusterOptions): RedisCluster {
  const primaries = new Map<string, RedisServer>();
  let slots: (RedisServer | undefined)[] = [];
  let served = 0;
  /** Addresses of all nodes known so far, which may know the map. */
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

/** Single-flight refresh; a request during a refresh, or just after it, starts one more. */
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
