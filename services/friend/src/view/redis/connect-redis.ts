import type { Log } from '@kith/event-delivery';
import { connectRedis as connect } from '@kith/service-kit';
import { metaKey, viewKeys } from './view-keys.ts';
import { sourceOf, type ViewScript, viewScripts } from './view-scripts.ts';

/** Redis as the view uses it. Nothing waits for a server that is away: every call fails at once or within its timeout. */
export interface ViewRedis {
  /** Runs a script on one owner's keys: one round trip. Rejects with ViewUnavailable. */
  run(script: ViewScript, ownerId: string, args: readonly (string | number)[]): Promise<unknown>;
  /** HMGET of `meta` of many owners in one round trip, an error where one has no hash. Rejects with ViewUnavailable. */
  readMeta(ownerIds: readonly string[], fields: readonly string[]): Promise<((string | null)[] | Error)[]>;
  /** Called when the connection is lost: what happened to the data since, nobody here knows. */
  onLost(handler: () => void): void;
  /** Called when the server answers again, and when it first does. */
  onReady(handler: () => void): void;
  readonly connected: boolean;
  close(): Promise<void>;
}

/** Redis did not do it. Worth a retry: Postgres has the truth meanwhile. */
export class ViewUnavailable extends Error {
  readonly code = 'SERVICE_UNAVAILABLE';
  /** It answered, with an error (it is full, say): this call failed, others need not. */
  readonly refused: boolean;
  constructor(cause: unknown) {
    super(`No friend-list view: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'ViewUnavailable';
    this.refused = cause instanceof Error && cause.name === 'ReplyError';
  }
}

/**
 * Connects to one Redis 7 server (or Valkey), and again for as long as it takes; resolves without waiting for it.
 *
 * @param timeline what revisions count in, as it is now
 * @param commandTimeoutMs how long a command may take before its caller does without Redis
 */
export function connectRedis(options: {
  url: string;
  timeline: { readonly current: string };
  log: Log;
  commandTimeoutMs?: number;
}): ViewRedis {
  const { timeline } = options;
  const connection = connect({
    url: options.url,
    log: options.log,
    meanwhile: 'friend lists are read from Postgres until it does',
  });
  const redis = connection.client;
  for (const script of viewScripts) redis.defineCommand(script, { lua: sourceOf(script), numberOfKeys: 6 });
  // defineCommand adds methods that the type does not know.
  const scripts = redis as unknown as Record<ViewScript, (...args: (string | number)[]) => Promise<unknown>>;

  const timeoutMs = options.commandTimeoutMs ?? 250;

  const mustBeThere = () => {
    // A demoted server answers, with what it had then.
    if (!connection.connected) throw new ViewUnavailable('Redis is away');
  };

  return {
    async run(script, ownerId, args) {
      mustBeThere();
      return answerOf(scripts[script](...viewKeys(ownerId, timeline.current), ...args), timeoutMs);
    },
    async readMeta(ownerIds, fields) {
      mustBeThere();
      const pipeline = redis.pipeline();
      for (const ownerId of ownerIds) pipeline.hmget(metaKey(ownerId, timeline.current), ...fields);
      const replies = await answerOf(pipeline.exec(), timeoutMs);
      return (replies ?? []).map(([error, values]) => {
        if (error?.message.startsWith('WRONGTYPE')) return error;
        if (error) throw new ViewUnavailable(error);
        return values as (string | null)[];
      });
    },
    onLost: connection.onLost,
    onReady: connection.onReady,
    get connected() {
      return connection.connected;
    },
    async close() {
      connection.close();
    },
  };
}

/**
 * The reply, or ViewUnavailable. When this process itself was busy for so long, the reply may be waiting to be read:
 * one more turn of the event loop reads it. (The client's own timeout would give up, and an overload of this process
 * would turn into one of Postgres.)
 */
function answerOf<T>(reply: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new ViewUnavailable(`no answer within ${timeoutMs} ms`));
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
    const answered = () => clearTimeout(timer);
    reply.finally(answered).then(resolve, (error) => reject(new ViewUnavailable(error)));
  });
}
