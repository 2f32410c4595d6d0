import { type ViewRedis, ViewUnavailable } from '../redis/connect-redis.ts';

/**
 * Circuit breaker in front of Redis: after one failure everybody does without it for `pauseMs`, then a single call
 * tries it again. A server that hangs costs one timeout per pause, not one per read.
 *
 * @param onFailure told of each failed call, but not of the calls that were spared
 */
export function pauseAfterFailures(redis: ViewRedis, options: { pauseMs: number; onFailure: () => void }): ViewRedis {
  let failing = false;
  let nextTryAt = 0;

  async function attempt<T>(call: () => Promise<T>): Promise<T> {
    if (failing) {
      const now = performance.now();
      if (now < nextTryAt) throw new ViewUnavailable('it failed a moment ago');
      nextTryAt = now + options.pauseMs;
    }
    try {
      const reply = await call();
      failing = false;
      return reply;
    } catch (error) {
      if (error instanceof ViewUnavailable && error.refused) throw error;
      failing = true;
      nextTryAt = performance.now() + options.pauseMs;
      options.onFailure();
      throw error;
    }
  }

  redis.onReady(() => {
    failing = false;
  });
  return {
    run: (script, ownerId, args) => attempt(() => redis.run(script, ownerId, args)),
    readMeta: (ownerIds, fields) => attempt(() => redis.readMeta(ownerIds, fields)),
    onLost: redis.onLost,
    onReady: redis.onReady,
    get connected() {
      return redis.connected;
    },
    close: redis.close,
  };
}
