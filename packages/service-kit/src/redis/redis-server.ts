import { isReadOnly } from '@kith/event-delivery/outage';
import { Redis, type RedisOptions } from 'ioredis';

/** Options of the client, except the shape of its replies. */
export type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/** Epoch: identifies one server's data for as long as it continues without a break; see RedisServer. */
export type RedisPlace = object;

/** One server; reconnects for as long as it takes. */
export interface RedisServer {
  readonly client: Redis;
  /**
   * A new object whenever this server may have lost writes: after the connection was lost, and after it was a replica.
   */
  readonly place: RedisPlace;
  /** Whether it answers and accepts writes: a demoted server only answers. */
  readonly usable: boolean;
  close(): void;
}

export interface ServerOptions {
  readonly client: ClientOptions;
  readonly commandTimeoutMs?: number | undefined;
  /** In a cluster a replica is no error of the address: the owner of the map looks for the primary. */
  readonly inCluster?: boolean;
  readonly onUsable: () => void;
  /** Called at each failed attempt with the reason why it cannot be used. */
  readonly onAway: (why: Error) => void;
  /** Called when it turns out to be a node of a cluster: it is not used then. */
  readonly onCluster?: () => void;
}

/** How often the connection to a read-only server is closed, until the address leads to the new primary. */
const LEAVE_DEMOTED_AFTER_MS = 500;
const BEGIN_AGAIN_AFTER_MS = 500;
/** How often a server is asked whether it was replaced or demoted behind a connection that went on. */
const LOOK_EVERY_MS = 1_000;

/** Fail fast: commands to a server that is away are not queued. */
export function commonClientOptions(commandTimeoutMs?: number): ClientOptions {
  return {
    connectTimeout: 2_000,
    // Leaves a server that hangs, even during the handshake: the next attempt may reach another one.
    socketTimeout: 3_000,
    ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    // A command that met a dead connection fails now. If it were queued and resent after a reconnect, it would reach a
    // server that may have lost the state that the command relied on.
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
  /** Identifies its history of writes: changes after a promotion and after a start. */
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
    // Another history; or the same one after a break, during which writes may have been lost.
    if (!usable || state.replicationId !== replicationId) place = {};
    replicationId = state.replicationId;
    const wasUsable = usable;
    usable = true;
    if (!wasUsable) onUsable();
  };
  const looking = keepLooking(look);

  // An error without a listener would end the process.
  redis.on('error', onAway);
  redis.on('reconnecting', () => onAway(new Error('the connection was lost')));
  redis.on('close', () => {
    breakOff();
    clearTimeout(leaving);
  });
  redis.on('ready', () => void looking.now());
  // The client gives up for good when a connection breaks while it is being opened.
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

/** @param leaveDemoted whether an answer that shows a failover ends the connection */
function openClient(options: ServerOptions, leaveDemoted: () => boolean): Redis {
  return new Redis({
    ...commonClientOptions(options.commandTimeoutMs),
    ...options.client,
    // After a failover we are still connected to a read-only server, or to one without its primary (MASTERDOWN):
    // reconnect to find the new primary. Once that is noticed, a timer looks, not every command.
    reconnectOnError: (error: Error) => leaveDemoted() && wasDemoted(error),
  });
}

const wasDemoted = (error: Error) => isReadOnly(error) || error.message.startsWith('MASTERDOWN');

/** Single-flight: one look at a time, so a server that hangs is asked nothing more meanwhile. */
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

/** When the ACL denies these commands, the server is assumed to be a primary: its refusals will show otherwise. */
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
