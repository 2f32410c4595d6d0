import { type ViewRedis, ViewUnavailable } from '../redis/connect-redis.ts';

/**
 * Circuit breaker in front of each Redis server: after one failure everybody does without it for `pauseMs`, then a
 * single call tries it again. A server that hangs costs one timeout per pause, not one per read, and no call to the
 * others of its cluster. A server that comes back is another place, which has not failed yet.
 *
 * @param onFailure told of each failed call, and of a list that it was about; but not of the calls that were spared
 */
export function pauseAfterFailures(
  redis: ViewRedis,
  options: { pauseMs: number; onFailure: (ownerId: string) => void },
): ViewRedis {
  /** When the servers that failed are tried next. */
  const failing = new WeakMap<object, number>();

  async function attempt<T>(ownerId: string, call: () => Promise<T>): Promise<T> {
    const place = redis.placeOf(ownerId);
    if (!place) throw new ViewUnavailable('Redis is away');
    const nextTryAt = failing.get(place);
    if (nextTryAt !== undefined) {
      const now = performance.now();
      if (now < nextTryAt) throw new ViewUnavailable('it failed a moment ago');
      failing.set(place, now + options.pauseMs);
    }
    try {
      const reply = await call();
      if (nextTryAt !== undefined) failing.delete(place);
      return reply;
    } catch (error) {
      if (error instanceof ViewUnavailable && error.refused) throw error;
      failing.set(place, performance.now() + options.pauseMs);
      options.onFailure(ownerId);
      throw error;
    }
  }

  /** Of each server's lists together; those of one that fails are not known, and nobody else's. */
  async function readMeta(ownerIds: readonly string[], fields: readonly string[]) {
    const shares = new Map<object | undefined, number[]>();
    for (const [at, ownerId] of ownerIds.entries()) {
      const place = redis.placeOf(ownerId);
      const share = shares.get(place);
      if (share) share.push(at);
      else shares.set(place, [at]);
    }
    const answers: Awaited<ReturnType<ViewRedis['readMeta']>> = [];
    await Promise.all(
      [...shares.values()].map(async (share) => {
        const asked = share.map((at) => ownerIds[at] as string);
        const read = await attempt(asked[0] as string, () => redis.readMeta(asked, fields)).catch((error: unknown) => {
          if (error instanceof ViewUnavailable) return asked.map(() => error);
          throw error;
        });
        for (const [place, at] of share.entries()) answers[at] = read[place] as (typeof answers)[number];
      }),
    );
    return answers;
  }

  return {
    run: (script, ownerId, args) => attempt(ownerId, () => redis.run(script, ownerId, args)),
    readMeta,
    // Asked by whoever reconciles, which is seldom.
    whoHasAnything: redis.whoHasAnything,
    placeOf: redis.placeOf,
    onReady: redis.onReady,
    get connected() {
      return redis.connected;
    },
    close: redis.close,
  };
}
