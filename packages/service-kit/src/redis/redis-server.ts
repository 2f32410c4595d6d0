import { isReadOnly } from '@kith/event-delivery/outage';
import { Redis, type RedisOptions } from 'ioredis';

/** How the client is made, but for the shape of its replies. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** A token for one server's data as it went on without a break: there is another after each break, see RedisServer. */
export type RedisPlace = object;

/** One server, connected and connected again for as long as it takes. */
export interface RedisServer {
  readonly client: Redis;
  /**
   * Another one whenever what this server holds may have become older than what it was told: when the connection was
   * lost, and when it was a replica meanwhile.
   */
  readonly place: RedisPlace;
  /** Whether it answers, and may be written: a demoted server answers too. */
  readonly usable: boolean;
  close(): void;
}

export interface ServerOptions {
  readonly client: ClientOptions;
  readonly commandTimeoutMs?: number | undefined;
  /** In a cluster a replica is no fault of the address: whoever has the map looks for the primary. */
  readonly inCluster?: boolean;
  readonly onUsable: () => void;
  /** It cannot be used now, and why: said again at each attempt. */
  readonly onAway: (why: Error) => void;
  /** It is a node of a cluster, and was not known to be: it is not used. */
  readonly onCluster?: () => void;
}

/** A server that may only be read is left so often, until the address leads to the one that took over. */
const LEAVE_DEMOTED_AFTER_MS = 500;
const BEGIN_AGAIN_AFTER_MS = 500;
/** How often a server is asked whether it was replaced or demoted behind a connection that went on. */
const LOOK_EVERY_MS = 1_000;

/** Nothing waits for a server that is away: a command fails at once. */
export function commonClientOptions(commandTimeoutMs?: number): ClientOptions {
  return {
    connectTimeout: 2_000,
    // Nor is a server waited for that hangs, in the middle of its greeting too: the next may be another.
    socketTimeout: 3_000,
    ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    // A command that met a dead connection is answered without Redis now. Kept and sent again after a reconnect, it
    // would speak to a server that may have lost or rolled back what the command took for granted.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(20 * 2 ** Math.min(attempt, 10), 500),
  };
}

export function openRedisServer(options: ServerOptions): RedisServer {
  const { onUsable, onAway, inCluster = false } = options;
  let demoted = false;
  let usable = false;
  let closed = false;
  let place: RedisPlace = {};
  /** Which history of writes it follows: another after a promotion, and after a start. */
  let replicationId: string | undefined;
  let leaving: NodeJS.Timeout | undefined;
  let beginning: NodeJS.Timeout | undefined;
  const redis = openClient(options, () => !inCluster && !demoted);

  const breakOff = () => {
    usable = false;
    place = {};
  };
  const look = async () => {
    const state = await stateOf(redis);
    if (closed || redis.status !== 'ready' || state === undefined) return;
    if (state.inCluster && !inCluster) {
      breakOff();
      return options.onCluster?.();
    }
    demoted = state.isReplica;
    if (demoted) {
      breakOff();
      onAway(new Error('the server may only be read'));
      if (inCluster) return;
      clearTimeout(leaving);
      leaving = setTimeout(() => redis.disconnect(true), LEAVE_DEMOTED_AFTER_MS);
      return;
    }
    // Another history; or the same again, of which nothing is known since it was broken off, nor that it fails still.
    if (!usable || state.replicationId !== replicationId) place = {};
    replicationId = state.replicationId;
    const wasUsable = usable;
    usable = true;
    if (!wasUsable) onUsable();
  };
  const looking = keepLooking(look);

  // For the client's whole life: an error that nobody listens to ends the process.
  redis.on('error', onAway);
  redis.on('reconnecting', () => onAway(new Error('the connection was lost')));
  redis.on('close', () => {
    breakOff();
    clearTimeout(leaving);
  });
  redis.on('ready', () => void looking.now());
  // The client gives up for good when a connection is broken off while it is being made.
  redis.on('end', () => {
    if (!closed) beginning = setTimeout(() => void redis.connect().catch(() => undefined), BEGIN_AGAIN_AFTER_MS);
  });

  return {
    client: redis,
    get place() {
      return place;
    },
    get usable() {
      return usable && redis.status === 'ready';
    },
    close() {
      closed = true;
      breakOff();
      for (const timer of [leaving, beginning]) clearTimeout(timer);
      looking.stop();
      redis.disconnect();
    },
  };
}

/** @param leaveDemoted whether an answer that tells of a failover is to end the connection */
function openClient(options: ServerOptions, leaveDemoted: () => boolean): Redis {
  return new Redis({
    ...commonClientOptions(options.commandTimeoutMs),
    ...options.client,
    // A failover leaves us connected to a server that may only be read, or that has lost its own (MASTERDOWN): look for
    // the one that took over. Once that is known, a timer looks, and not every command.
    reconnectOnError: (error: Error) => leaveDemoted() && wasDemoted(error),
  });
}

const wasDemoted = (error: Error) => isReadOnly(error) || error.message.startsWith('MASTERDOWN');

/** One look at a time; a server that hangs keeps it waiting, and is asked nothing more meanwhile. */
function keepLooking(look: () => Promise<void>): { now(): Promise<void>; stop(): void } {
  let isLooking = false;
  const now = async () => {
    if (isLooking) return;
    isLooking = true;
    await look().finally(() => {
      isLooking = false;
    });
  };
  const timer = setInterval(() => void now(), LOOK_EVERY_MS);
  timer.unref();
  return { now, stop: () => clearInterval(timer) };
}

interface ServerState {
  readonly isReplica: boolean;
  readonly inCluster: boolean;
  readonly replicationId: string | undefined;
}

/** A server whose commands for that are not ours to give (ACL) is taken for a primary: its refusals tell otherwise. */
async function stateOf(redis: Redis): Promise<ServerState | undefined> {
  try {
    const info = await redis.info('replication', 'cluster');
    return {
      isReplica: /^role:slave/m.test(info),
      inCluster: /^cluster_enabled:1/m.test(info),
      replicationId: /^master_replid:(\w+)/m.exec(info)?.[1],
    };
  } catch (error) {
    if ((error as Error).name !== 'ReplyError') return undefined;
    return { isReplica: false, inCluster: false, replicationId: undefined };
  }
}
