import type { Logger } from '@kith/service-kit';
import { Redis } from 'ioredis';

/** How long a command may take before its caller does without Redis. */
const COMMAND_WITHIN_MS = 250;

export interface AttemptsRedis {
  readonly client: Redis;
  readonly connected: boolean;
  close(): void;
}

/** Connects, and again for as long as it takes; resolves without waiting. A command fails at once while it is away. */
export function connectRedis({ url, log }: { url: string; log: Logger }): AttemptsRedis {
  const redis = new Redis(url, {
    connectTimeout: 2_000,
    commandTimeout: COMMAND_WITHIN_MS,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
  });
  let away = false;
  redis.on('error', (error) => {
    if (!away) log.warn({ error: error.message }, 'Redis does not answer: sign-ins are counted in this process alone');
    away = true;
  });
  redis.on('ready', () => {
    if (away) log.info('Redis answers again');
    away = false;
  });
  return {
    client: redis,
    get connected() {
      return redis.status === 'ready';
    },
    close: () => redis.disconnect(),
  };
}
