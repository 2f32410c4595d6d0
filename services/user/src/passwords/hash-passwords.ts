import { availableParallelism } from 'node:os';
import { atMostAtOnce, KithError } from '@kith/service-kit';
import { hash, verify } from '@node-rs/argon2';

/** argon2id (the library's default) with OWASP's minimum (Password Storage Cheat Sheet): 19 MiB, 2 passes, one lane; about 25 ms of a core. */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** Threads of libuv's pool: hashes, files and host names (getaddrinfo) all wait for one of them. */
const POOL_THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4) || 4;
const MOST_AT_ONCE = Math.max(1, POOL_THREADS - 1);

export interface PasswordHasher {
  /** PHC string. */
  hash(password: string): Promise<string>;
  /** With null, for an unknown account, it takes as long as with a hash and resolves to false. */
  verify(hash: string | null, password: string): Promise<boolean>;
}

/**
 * A bulkhead: hashes at most `concurrency` passwords at once (half the cores unless told, at least one), so that a
 * storm of sign-ins leaves CPU and memory for all other work. It never uses all threads of the pool, so that one stays
 * free for files and host names. With `maxWaiting` already queued: KithError RATE_LIMITED.
 */
export async function createPasswordHasher(
  limits: { concurrency?: number; maxWaiting?: number } = {},
): Promise<PasswordHasher> {
  const concurrency = limits.concurrency ?? Math.max(1, Math.floor(availableParallelism() / 2));
  const inTurn = atMostAtOnce(Math.min(concurrency, MOST_AT_ONCE), {
    mayWait: limits.maxWaiting ?? 200,
    refusal: () => new KithError('RATE_LIMITED', 'Too many sign-ins at once: try again.', { retryAfterMs: 1_000 }),
  });
  const nobodysHash = await hash('nobody has this password', ARGON2ID);
  return {
    hash: (password) => inTurn(() => hash(password, ARGON2ID)),
    verify: async (stored, password) => {
      const matches = await inTurn(() => verify(stored ?? nobodysHash, password, ARGON2ID));
      return matches && stored !== null;
    },
  };
}
