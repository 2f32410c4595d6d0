import type { Log } from '@kith/event-delivery';
import { isReadOnly } from '@kith/event-delivery/outage';
import { Redis } from 'ioredis';

export interface RedisConnection {
  readonly client: Redis;
  /** Whether it answers now and may be written: a demoted server is away, although it answers. */
  readonly connected: boolean;
  /** Called when the connection is lost: what happened to the data since, nobody here knows. */
  onLost(handler: () => void): void;
  /** Called when the server answers again, and when it first does. */
  onReady(handler: () => void): void;
  close(): void;
}

export interface RedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://`. */
  readonly url: string;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** What the process does meanwhile: the end of the line that says that Redis is away. */
  readonly meanwhile: string;
  /** How long a command may take before its caller does without Redis; without it, its caller counts the time. */
  readonly commandTimeoutMs?: number;
}

/** A server that may only be read is left so often, until the address leads to the one that took over. */
const LEAVE_DEMOTED_AFTER_MS = 500;

/**
 * The one way to connect to Redis 7 (or Valkey): connects, and again for as long as it takes, and returns without
 * waiting for it. Nothing waits for a server that is away: a command fails at once.
 */
export function connectRedis(options: RedisOptions): RedisConnection {
  const { log } = options;
  let demoted = false;
  const redis = new Redis(options.url, {
    connectTimeout: 2_000,
    ...(options.commandTimeoutMs !== undefined && { commandTimeout: options.commandTimeoutMs }),
    // A command that met a dead connection is answered without Redis now. Kept and sent again after a reconnect, it
    // would speak to a server that may have lost or rolled back what the command took for granted.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(20 * 2 ** Math.min(attempt, 10), 500),
    // A failover leaves us connected to a server that may only be read, or that has lost its own (MASTERDOWN): look for
    // the one that took over. Once that is known, the timer below looks, and not every command.
    reconnectOnError: (error) => !demoted && (isReadOnly(error) || error.message.startsWith('MASTERDOWN')),
  });

  const readyHandlers: (() => void)[] = [];
  let leaving: NodeJS.Timeout | undefined;
  let usable = false;
  let closed = false;
  let away = false;
  const goes = (why: string) => {
    if (!away && !closed) log.warn({ error: why }, `Redis does not answer: ${options.meanwhile}`);
    away = true;
  };
  const isBack = () => {
    if (away) log.info({}, 'Redis answers again');
    away = false;
    usable = true;
    for (const handler of readyHandlers) handler();
  };

  // For the client's whole life: an error that nobody listens to ends the process.
  redis.on('error', (error: Error) => goes(error.message));
  redis.on('reconnecting', () => goes('the connection was lost'));
  redis.on('close', () => {
    usable = false;
    clearTimeout(leaving);
  });
  redis.on('ready', async () => {
    demoted = await isReplica(redis);
    if (closed || redis.status !== 'ready') return;
    if (!demoted) return isBack();
    goes('the server may only be read');
    clearTimeout(leaving);
    leaving = setTimeout(() => redis.disconnect(true), LEAVE_DEMOTED_AFTER_MS);
  });

  return {
    client: redis,
    get connected() {
      return usable && redis.status === 'ready';
    },
    onLost: (handler) => void redis.on('close', handler),
    onReady: (handler) => void readyHandlers.push(handler),
    close() {
      closed = true;
      clearTimeout(leaving);
      redis.disconnect();
    },
  };
}

/** A server whose commands for that are not ours to give (ACL) is taken for a primary: its refusals tell otherwise. */
async function isReplica(redis: Redis): Promise<boolean> {
  try {
    return /^role:slave/m.test(await redis.info('replication'));
  } catch {
    return false;
  }
}
