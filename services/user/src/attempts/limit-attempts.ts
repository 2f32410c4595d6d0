import { createHash } from 'node:crypto';
import { KithError, type RedisConnection, type RedisScript } from '@kith/service-kit';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { UserRuleError } from '../domain/user-rule-error.ts';

export interface AttemptLimitOptions {
  /**
   * Wrong passwords allowed in `windowS` seconds: for one account from anywhere, and from one address for any account.
   */
  readonly failuresPerAccount: number;
  readonly failuresPerAddress: number;
  readonly windowS: number;
}

export interface AttemptLimits {
  /**
   * Runs `check` on a password, unless there were too many wrong ones: then KithError RATE_LIMITED with the time to
   * wait, and the password is not checked. An attempt counts when it starts, so concurrent attempts gain nothing; it is
   * given back when the password was right or the check failed for another reason.
   */
  guard<Result>(who: { account: string; address: string | null }, check: () => Promise<Result>): Promise<Result>;
}

/**
 * Rate limit (fixed window): each process counts by itself, and Redis counts for all of them. While Redis is away, too
 * slow or emptied, the process's own count applies, which has run from the beginning. Account names and addresses are
 * stored only as hashes.
 */
export function createAttemptLimits({
  redis,
  ...limits
}: AttemptLimitOptions & { redis?: RedisConnection }): AttemptLimits {
  const perAccount = countersOf('account', limits.failuresPerAccount, limits.windowS, redis);
  const perAddress = countersOf('address', limits.failuresPerAddress, limits.windowS, redis);

  return {
    async guard({ account, address }, check) {
      const taken: [RateLimiterAbstract, string][] = [];
      const take = async (counters: readonly RateLimiterAbstract[], key: string) => {
        for (const from of counters) if (await consume(from, key)) taken.push([from, key]);
      };
      if (address !== null) await take(perAddress, keyOf(address));
      await take(perAccount, keyOf(account.toLowerCase()));
      try {
        const result = await check();
        await giveBack(taken);
        return result;
      } catch (error) {
        const wrong = error instanceof UserRuleError && error.code === 'INVALID_CREDENTIALS';
        if (!wrong) await giveBack(taken);
        throw error;
      }
    },
  };
}

function countersOf(
  kind: string,
  points: number,
  windowS: number,
  redis: RedisConnection | undefined,
): RateLimiterAbstract[] {
  const options = { keyPrefix: `kith:attempts:${kind}`, points, duration: windowS };
  const inThisProcess = new RateLimiterMemory(options);
  if (!redis) return [inThisProcess];
  return [inThisProcess, new RateLimiterRedis({ ...options, storeClient: asStoreClient(redis) })];
}

/** Adapter: the Redis client as the limiter uses it, one script on one key, whichever server holds the key. */
const asStoreClient = (redis: RedisConnection) => ({
  defineCommand: (name: string, script: RedisScript) => redis.define(name, script),
  rlflxIncr: ([key = '', ...args]: readonly string[]) => redis.run('rlflxIncr', [key], args),
});

/** Whether it was counted; false when Redis is away. Throws KithError RATE_LIMITED. */
async function consume(from: RateLimiterAbstract, key: string): Promise<boolean> {
  try {
    await from.consume(key);
    return true;
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) return false;
    const retryAfterMs = Math.max(1, Math.ceil(reason.msBeforeNext));
    throw new KithError('RATE_LIMITED', 'Too many wrong passwords: wait before you try again.', { retryAfterMs });
  }
}

async function giveBack(taken: readonly [RateLimiterAbstract, string][]): Promise<void> {
  // A point that cannot be given back expires when its window ends.
  await Promise.allSettled(taken.map(([from, key]) => from.reward(key)));
}

const keyOf = (text: string) => createHash('sha256').update(text).digest('base64url');
