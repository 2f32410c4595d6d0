import { eventually } from '@kith/local-servers';
import { onTestFinished } from 'vitest';
import { connectRedis, type RedisConnection } from '../redis/connect-redis.ts';

/** What it has logged, a line each. */
export type OpenRedis = RedisConnection & { readonly lines: readonly string[] };

/** A connection of one test, which closes it. */
export function openRedis(url: string): OpenRedis {
  const lines: string[] = [];
  const keep = (_fields: object, line: string) => void lines.push(line);
  const redis = connectRedis({
    ...{ url, meanwhile: 'nobody minds', commandTimeoutMs: 1_000 },
    log: { info: keep, warn: keep },
  });
  onTestFinished(() => void redis.close());
  return Object.assign(Object.create(redis), { lines });
}

/** The same, once Redis answers. */
export async function openReadyRedis(url: string): Promise<OpenRedis> {
  const redis = openRedis(url);
  await eventually('Redis answers', () => redis.connected);
  return redis;
}
