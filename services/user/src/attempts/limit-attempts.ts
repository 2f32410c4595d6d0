import { createHash } from 'node:crypto';
import { KithError } from '@kith/service-kit';
import type { Redis } from 'ioredis';
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
 * Rate limit (fixed window): counts in Redis, for all processes together; while that is away, or without `redis`, each
 * process counts by itself. Names of accounts and addresses are kept as hashes only.
 */
export function createAttemptLimits({ redis, ...limits }: AttemptLimitOptions & { redis?: Redis }): AttemptLimits {
  const perAccount = limiter('account', limits.failuresPerAccount, limits.windowS, redis);
  const perAddress = limiter('address', limits.failuresPerAddress, limits.windowS, redis);

  return {
    async guard({ account, address }, check) {
      const taken: [RateLimiterAbstract, string][] = [];
      const take = async (from: RateLimiterAbstract, key: string) => {
        await from.consume(key).catch(refuse);
        taken.push([from, key]);
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

function limiter(kind: string, points: number, windowS: number, redis: Redis | undefined): RateLimiterAbstract {
  const options = { keyPrefix: `kith:attempts:${kind}`, points, duration: windowS };
  const inThisProcess = new RateLimiterMemory(options);
  if (!redis) return inThisProcess;
  return new RateLimiterRedis({
    ...options,
    storeClient: redis,
    rejectIfRedisNotReady: true,
    insuranceLimiter: inThisProcess,
  });
}

async function giveBack(taken: readonly [RateLimiterAbstract, string][]): Promise<void> {
  // A point that cannot be given back comes back by itself when its window ends.
  await Promise.allSettled(taken.map(([from, key]) => from.reward(key)));
}

function refuse(reason: unknown): never {
  if (!(reason instanceof RateLimiterRes)) throw reason;
  const retryAfterMs = Math.max(1, Math.ceil(reason.msBeforeNext));
  throw new KithError('RATE_LIMITED', 'Too many wrong passwords: wait before you try again.', { retryAfterMs });
}

const keyOf = (text: string) => createHash('sha256').update(text).digest('base64url');
