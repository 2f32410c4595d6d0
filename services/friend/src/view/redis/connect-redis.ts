import type { Log } from '@kith/event-delivery';
import { connectRedis as connect, type RedisConnectOptions, type RedisPlace } from '@kith/service-kit';
import { metaKey, viewKeys } from './view-keys.ts';
import { sourceOf, type ViewScript, viewScripts } from './view-scripts.ts';

/** Redis as the view uses it. Nothing waits for a server that is away: every call fails at once or within its timeout. */
export interface ViewRedis {
  /** Runs a script on one owner's keys: one round trip. Rejects with ViewUnavailable. */
  run(script: ViewScript, ownerId: string, args: readonly (string | number)[]): Promise<unknown>;
  /**
   * HMGET of `meta` of many owners, in one round trip to each server: ViewUnavailable where one did not answer, another
   * error where an owner has no hash. Rejects with ViewUnavailable when none answers in time.
   */
  readMeta(ownerIds: readonly string[], fields: readonly string[]): Promise<((string | null)[] | Error)[]>;
  /** Of which owners anything at all is kept, a view or a part of one. Rejects with ViewUnavailable. */
  whoHasAnything(ownerIds: readonly string[]): Promise<string[]>;
  /**
   * Which server keeps this owner's view, since its last break: what happened to the data in a break, nobody here
   * knows. Undefined when nobody is known to keep it.
   */
  placeOf(ownerId: string): RedisPlace | undefined;
  /** Called when a server answers again, and when it first does. */
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
 * Connects to Redis 7 (or Valkey), and again for as long as it takes; resolves without waiting for it.
 *
 * @param timeline what revisions count in, as it is now
 * @param commandTimeoutMs how long a command may take before its caller does without Redis
 */
export function connectRedis(
  options: Pick<RedisConnectOptions, 'url' | 'ca' | 'cert' | 'key'> & {
    timeline: { readonly current: string };
    log: Log;
    commandTimeoutMs?: number;
  },
): ViewRedis {
  const { timeline, commandTimeoutMs: timeoutMs = 250, ...opened } = options;
  const redis = connect({ ...opened, meanwhile: 'friend lists are read from Postgres until it does' });
  for (const script of viewScripts) redis.define(script, { lua: sourceOf(script), numberOfKeys: 6 });

  return {
    run: (script, ownerId, args) => answerOf(redis.run(script, viewKeys(ownerId, timeline.current), args), timeoutMs),
    async readMeta(ownerIds, fields) {
      const keys = ownerIds.map((ownerId) => metaKey(ownerId, timeline.current));
      const replies = await answerOf(redis.hmget(keys, fields), timeoutMs);
      const read = replies.map((reply) =>
        reply instanceof Error && !reply.message.startsWith('WRONGTYPE') ? new ViewUnavailable(reply) : reply,
      );
      const [first] = read;
      if (first instanceof ViewUnavailable && read.every((each) => each instanceof ViewUnavailable)) throw first;
      return read;
    },
    async whoHasAnything(ownerIds) {
      const keys = ownerIds.map((ownerId) => viewKeys(ownerId, timeline.current));
      const replies = await answerOf(redis.exists(keys), timeoutMs);
      return ownerIds.filter((_, at) => {
        const reply = replies[at];
        if (typeof reply !== 'number') throw new ViewUnavailable(reply);
        return reply > 0;
      });
    },
    placeOf: (ownerId) => redis.placeOf(metaKey(ownerId, timeline.current)),
    onReady: redis.onReady,
    get connected() {
      return redis.connected;
    },
    async close() {
      redis.close();
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
