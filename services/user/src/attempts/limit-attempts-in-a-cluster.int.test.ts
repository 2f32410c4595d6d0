import { eventually, type LocalRedisCluster, startRedisCluster } from '@kith/local-servers';
import { connectRedis, type RedisConnection } from '@kith/service-kit';
import { usersOfRedis } from '@kith/services';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserRuleError } from '../domain/user-rule-error.ts';
import { createAttemptLimits } from './limit-attempts.ts';

let cluster: LocalRedisCluster;
const opened: RedisConnection[] = [];
beforeAll(async () => {
  cluster = await startRedisCluster({ users: usersOfRedis });
});
afterAll(async () => {
  for (const redis of opened) redis.close();
  await cluster?.stop();
});

/** As one process of the user service has it. */
async function openLimits() {
  const log = { info: () => undefined, warn: () => undefined };
  const redis = connectRedis({ url: cluster.urlOf('user'), log, meanwhile: '', commandTimeoutMs: 1_000 });
  opened.push(redis);
  await eventually('Redis answers', () => redis.connected);
  return createAttemptLimits({ failuresPerAccount: 3, failuresPerAddress: 100, windowS: 60, redis });
}

const wrong = async () => {
  throw new UserRuleError('INVALID_CREDENTIALS', 'wrong');
};

test('processes count together, wherever in the cluster an account or an address is counted', async () => {
  const [one, other] = [await openLimits(), await openLimits()];
  for (let number = 0; number < 12; number += 1) {
    const who = { account: `account-${number}`, address: `198.51.100.${number}` };
    for (let times = 0; times < 3; times += 1) {
      await expect(one.guard(who, wrong)).rejects.toMatchObject({ code: 'INVALID_CREDENTIALS' });
    }
    await expect(other.guard(who, async () => 'right')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  }
  const kept = await Promise.all((await cluster.primaries()).map((node) => node.tell('DBSIZE')));
  expect(kept.every((keys) => Number(keys) > 0)).toBe(true);
  expect(kept.reduce<number>((sum, keys) => sum + Number(keys), 0)).toBe(24);
});
