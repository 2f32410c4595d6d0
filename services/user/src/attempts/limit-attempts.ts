import { createHash } from 'node:crypto';
import { KithError, type RedisConnection, type RedisScript } from '@kith/service-kit';
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { UserRuleError } from '../domain/user-rule-error.ts';

export interface AttemptLimitOptions {
  /** Wrong passwords for one account, from anywhere, and from one address, for any account, in `windowS` seconds. */
  readonly failuresPerAccount: number;
  readonly failuresPerAddress: number;
  readonly windowS: number;
}

export interface AttemptLimits {
  /**
   * Lets `check` see whether a password is right, unless there were too many wrong ones: then KithError RATE_LIMITED
   * with the time to wait, and the password is not looked at. An attempt counts from its beginning, so that many at
   * once gain nothing, and is taken back when it was right or failed for another reason.
   */
  guard<Result>(who: { account: string; address: string | null }, check: () => Promise<Result>): Promise<Result>;
}

/**
 * Rate limit (fixed window): each process counts by itself, and in Redis all of them together. While that is away, too
 * slow or emptied, the former is left, and has counted from the beginning. Names of accounts and addresses are kept as
 * hashes only.
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

/** The client as the limiter uses it (adapter): one script about one key, wherever that is kept. */
const asStoreClient = (redis: RedisConnection) => ({
  defineCommand: (name: string, script: RedisScript) => redis.define(name, script),
  rlflxIncr: ([key = '', ...args]: readonly string[]) => redis.run('rlflxIncr', [key], args),
});

/** Whether it was counted: not by a Redis that is away. Throws KithError RATE_LIMITED. */
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
  // A point that cannot be given back comes back by itself when its window ends.
  await Promise.allSettled(taken.map(([from, key]) => from.reward(key)));
}

const keyOf = (text: string) => createHash('sha256').update(text).digest('base64url');
