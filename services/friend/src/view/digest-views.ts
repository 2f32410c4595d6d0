import { type ViewRedis, ViewUnavailable } from './redis/connect-redis.ts';

export interface ViewDigest {
  /** So many rows are the other side of it. */
  readonly friends: number;
  /** SHA-1, in hex. */
  readonly digest: string;
}

/** Longer lists are inspected instead: some milliseconds in which Redis does nothing else are enough. */
const MOST_FRIENDS = 1_000;
const AT_ONCE = 16;

/**
 * Digests of views, made in Redis. Those of whom nothing is kept, most of all people, cost one question for all
 * together and are missing from the answer; undefined is whose view has to be inspected.
 */
export async function digestViews(
  redis: Pick<ViewRedis, 'run' | 'whoHasAnything'>,
  ownerIds: readonly string[],
): Promise<ReadonlyMap<string, ViewDigest | undefined>> {
  const owners = await redis.whoHasAnything(ownerIds);
  const digests = new Map<string, ViewDigest | undefined>();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let owner = owners.pop(); owner; owner = owners.pop()) digests.set(owner, await digestView(redis, owner));
    }),
  );
  return digests;
}

async function digestView(redis: Pick<ViewRedis, 'run'>, ownerId: string): Promise<ViewDigest | undefined> {
  try {
    const reply = (await redis.run('digest-view', ownerId, [MOST_FRIENDS])) as [friends: number, digest: string] | null;
    return reply ? { friends: reply[0], digest: reply[1] } : undefined;
  } catch (error) {
    // What is spoiled is told by who inspects it.
    if (error instanceof ViewUnavailable && error.refused) return undefined;
    throw error;
  }
}
