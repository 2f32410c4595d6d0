import type { Log } from '@kith/event-delivery';
import { isOutage } from '@kith/event-delivery/outage';
import { ConfigError } from '../process/read-config.ts';
import { type RedisAddress, readRedisUrl } from '../process/redis-address.ts';
import { openRedisCluster, type RedisCluster } from './redis-cluster.ts';
import { type ClientOptions, openRedisServer, type RedisPlace, type RedisServer } from './redis-server.ts';
import { whatIsWrongWithRedis } from './what-is-wrong-with-redis.ts';

export type { RedisPlace };

type Argument = string | number;

export interface RedisScript {
  readonly lua: string;
  readonly numberOfKeys: number;
}

/**
 * Commands and scripts whose keys are all in one slot. They fail fast: with the server's error, or RedisIsAway at once.
 */
export interface RedisConnection {
  /** One command about one key. */
  send(command: string, key: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Gives a Lua script a name for `run`. */
  define(name: string, script: RedisScript): void;
  /** Runs a script by its name. Its keys share one hash tag, and so one slot. */
  run(script: string, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
  /**
   * HMGET of many keys, on several servers if need be: one pipeline per server; an error in place of each missing
   * answer.
   */
  hmget(keys: readonly string[], fields: readonly string[]): Promise<((string | null)[] | Error)[]>;
  /**
   * EXISTS of many groups of keys, those of a group in one slot: how many of each group there are, as `hmget` answers.
   */
  exists(groups: readonly (readonly string[])[]): Promise<(number | Error)[]>;
  /**
   * Where this key is kept now; undefined when no server is known to. The same object as long as no data can have been
   * lost.
   */
  placeOf(key: string): RedisPlace | undefined;
  /** Whether every part of it answers and accepts writes: a demoted server counts as away, although it answers. */
  readonly connected: boolean;
  /** Called when it, or one server of a cluster, answers again, and when it first does. */
  onReady(handler: () => void): void;
  close(): void;
}

export interface RedisConnectOptions {
  /** A REDIS_URL: one server, a cluster or Sentinels; see readRedisUrl. */
  readonly url: string;
  /** PEM: the trusted CAs, in place of Node's; below, our own certificate and key. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** What the process does meanwhile: the end of the line that says that Redis is away. */
  readonly meanwhile: string;
  /** How long a command may take before it fails; without it, the caller sets the limit. */
  readonly commandTimeoutMs?: number;
}

/** No server that keeps the key can be asked now. */
export class RedisIsAway extends Error {
  readonly code = 'SERVICE_UNAVAILABLE';
  constructor() {
    super('Redis is away');
    this.name = 'RedisIsAway';
  }
}

/**
 * The one way to connect to Redis 7 (or Valkey), one server, a cluster, or a primary behind Sentinels. Returns at once,
 * and connects and reconnects in the background for as long as it takes. Commands to a server that is away fail fast.
 *
 * @throws {ConfigError} when certificates are given for an address without TLS, or half of a pair
 */
export function connectRedis(options: RedisConnectOptions): RedisConnection {
  const { commandTimeoutMs } = options;
  const address = readRedisUrl(options.url);
  const client = clientOptionsFor(address, options);
  const scripts = new Map<string, RedisScript>();
  const readyHandlers: (() => void)[] = [];
  const onReady = () => {
    for (const handler of readyHandlers) handler();
  };
  const { goes, isBack, closes } = tellOfOutages(options, address);

  let cluster: RedisCluster | undefined;
  let server: RedisServer | undefined;
  const followCluster = () => {
    server?.close();
    server = undefined;
    const { hosts: seeds } = address;
    cluster = openRedisCluster({ seeds, client, commandTimeoutMs, onUsable: isBack, onAway: goes, onReady });
  };
  const [first] = address.hosts;
  if (address.kind === 'cluster') followCluster();
  else {
    const onUsable = () => {
      isBack();
      onReady();
    };
    const at = address.kind === 'server' ? { ...client, ...first } : client;
    server = openRedisServer({ client: at, commandTimeoutMs, onUsable, onAway: goes, onCluster: followCluster });
  }

  const keeperOf = (key: string): RedisServer => {
    const keeper = cluster ? cluster.serverOf(key) : server;
    // A demoted server still answers, with outdated data.
    if (!keeper?.usable) throw new RedisIsAway();
    return keeper;
  };
  const answerOf = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (error) {
      cluster?.learnFrom(error as Error);
      throw error;
    }
  };

  const each = askEach(keeperOf, (error) => cluster?.learnFrom(error));

  return {
    send: async (command, key, ...args) => answerOf(keeperOf(key).client.call(command, key, ...args)),
    define: (name, script) => void scripts.set(name, script),
    async run(name, keys, args) {
      const { client: redis } = keeperOf(keys[0] ?? '');
      const script = scripts.get(name);
      if (!(name in redis) && script) redis.defineCommand(name, script);
      // A method added by defineCommand, which is not in the client's type.
      const methods = redis as unknown as Record<string, (...args: Argument[]) => Promise<unknown>>;
      return answerOf((methods[name] as (...args: Argument[]) => Promise<unknown>).call(redis, ...keys, ...args));
    },
    hmget: (keys, fields) => each(keys, (pipeline, at) => pipeline.hmget(keys[at] as string, ...fields)),
    exists: (groups) => each(groups.map(firstOf), (pipeline, at) => pipeline.exists(...(groups[at] as string[]))),
    placeOf: (key) => (cluster ? cluster.serverOf(key) : server)?.place,
    get connected() {
      return (cluster ?? server)?.usable ?? false;
    },
    onReady: (handler) => void readyHandlers.push(handler),
    close() {
      closes();
      cluster?.close();
      server?.close();
    },
  };
}

type Pipeline = ReturnType<RedisServer['client']['pipeline']>;

const firstOf = ([key = '']: readonly string[]) => key;

/** One pipeline per server that keeps some of the keys: each missing answer is an error in its place. */
const askEach =
  (keeperOf: (key: string) => RedisServer, learnFrom: (error: Error) => void) =>
  async <Answer>(
    keys: readonly string[],
    ask: (pipeline: Pipeline, at: number) => unknown,
  ): Promise<(Answer | Error)[]> => {
    const answers: (Answer | Error)[] = new Array(keys.length).fill(new RedisIsAway());
    const places = new Map<RedisServer, number[]>();
    for (const [place, key] of keys.entries()) {
      try {
        const keeper = keeperOf(key);
        const others = places.get(keeper);
        if (others) others.push(place);
        else places.set(keeper, [place]);
      } catch (error) {
        if (!isOutage(error)) throw error;
      }
    }
    await Promise.all(
      [...places].map(async ([{ client }, asked]) => {
        const pipeline = client.pipeline();
        for (const place of asked) ask(pipeline, place);
        const replies = await pipeline.exec();
        for (const [at, place] of asked.entries()) {
          const [error, answer] = replies?.[at] ?? [new RedisIsAway()];
          answers[place] = error ?? (answer as Answer);
          if (error) learnFrom(error);
        }
      }),
    );
    return answers;
  };

function clientOptionsFor(address: RedisAddress, { ca, cert, key }: RedisConnectOptions): ClientOptions {
  if (!address.tls && (ca ?? cert ?? key) !== undefined) {
    const variable = ca !== undefined ? 'REDIS_CA_FILE' : cert !== undefined ? 'REDIS_CERT_FILE' : 'REDIS_KEY_FILE';
    throw new ConfigError(variable, 'is for a REDIS_URL with TLS, which begins with rediss');
  }
  if ((cert === undefined) !== (key === undefined)) {
    const variable = cert === undefined ? 'REDIS_CERT_FILE' : 'REDIS_KEY_FILE';
    throw new ConfigError(variable, 'is required: a client shows a certificate and has its key');
  }
  const tls = address.tls ? { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) } : undefined;
  const { sentinel } = address;
  return {
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.db > 0 && { db: address.db }),
    ...(tls && { tls }),
    ...(sentinel && {
      sentinels: [...address.hosts],
      name: sentinel.primary,
      role: 'master',
      sentinelRetryStrategy: (attempt) => Math.min(attempt * 50, 500),
      sentinelCommandTimeout: 1_000,
      ...(sentinel.username !== undefined && { sentinelUsername: sentinel.username }),
      ...(sentinel.password !== undefined && { sentinelPassword: sentinel.password }),
      ...(tls && { sentinelTLS: tls, enableTLSForSentinelMode: true }),
    }),
  };
}

/** Logs one line when the connection is lost, and one when it is back. */
function tellOfOutages({ log, meanwhile }: RedisConnectOptions, address: RedisAddress) {
  let away = false;
  let closed = false;
  let reached = false;
  return {
    goes(why: Error) {
      if (!away && !closed)
        log.warn({ error: why.message }, `${whatIsWrongWithRedis(why, address, reached)}: ${meanwhile}`);
      away = true;
    },
    isBack() {
      reached = true;
      if (away) log.info({}, 'Redis answers again');
      away = false;
    },
    closes() {
      closed = true;
    },
  };
}
