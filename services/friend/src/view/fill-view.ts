import { randomUUID } from 'node:crypto';
import type { Distrust } from './coherence/distrust-after-outages.ts';
import { isSpoiled, SpoiledView } from './coherence/spoiled-view.ts';
import { writeEntry } from './entries/list-entry.ts';
import type { ListState } from './entries/list-state.ts';
import { type ViewRedis, ViewUnavailable } from './redis/connect-redis.ts';

/** A loader whose state was overtaken loads again, but a list that changes all the time need not be kept. */
const MOST_LOADS = 3;

export interface FillOptions {
  readonly redis: ViewRedis;
  readonly load: (ownerId: string) => Promise<ListState>;
  readonly distrust: Distrust;
  readonly expireAfterMs: number;
  readonly leaseMs: number;
}

/**
 * Single-flight across processes, by a lease: loads a list and stores its view, unless another process does so already.
 *
 * The lease (a token that expires) is taken before the load begins, so of all who miss a view one loads it. Every
 * change and floor that comes while the load is in hand is noted on the lease; a state below that is not stored but
 * loaded again, and one stored without the token is refused. So a slow loader can never bury a newer state.
 * (Leases: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, 3.2.1. Comparing revisions where Facebook takes
 * the token away spares the second load when the first has seen the change.)
 *
 * @returns the state, which holds all that was committed before the call, stored or not; 'held' when another is at
 *   work; 'fresh' when the view needs no filling
 */
export async function fillView(
  options: FillOptions,
  ownerId: string,
  floor: number,
): Promise<ListState | 'held' | 'fresh'> {
  const { redis, load, distrust, expireAfterMs, leaseMs } = options;
  const token = randomUUID();
  const trust = distrust.trustIn(ownerId);
  let state: ListState | undefined;
  /** What the state before was below: as it was known before the load that follows. */
  let mustReach = 0;
  try {
    for (let loads = 1; loads <= MOST_LOADS; loads++) {
      const lease = (await redis.run('take-lease', ownerId, [token, leaseMs, floor])) as 'granted' | 'held' | 'fresh';
      if (lease !== 'granted') return state ?? lease;
      state = await load(ownerId);
      // Nothing is known of a revision before Postgres has it.
      if (state.revision < mustReach) throw new SpoiledView(`its floor is ${mustReach}, above Postgres`);
      const outcome = await redis.run('store', ownerId, storeArgs(token, expireAfterMs, state));
      if (outcome === 'stored') distrust.believe(ownerId, trust);
      if (outcome === 'stored' || outcome === 'superseded') return state;
      if (typeof outcome === 'number') mustReach = outcome;
    }
    await release(redis, ownerId, token);
    return state ?? 'held';
  } catch (error) {
    // Loaded, but Redis has gone meanwhile: the answer is as good.
    if (state && error instanceof ViewUnavailable && !isSpoiled(error)) return state;
    await release(redis, ownerId, token);
    throw error;
  }
}

function storeArgs(token: string, expireAfterMs: number, state: ListState): (string | number)[] {
  const args = [token, state.revision, expireAfterMs, state.friends.length];
  for (const friend of state.friends) args.push(friend.userId, writeEntry(friend));
  args.push(state.requests.length);
  for (const request of state.requests) args.push(request.id, JSON.stringify(request));
  return args;
}

/** Lets the next one load at once. If it fails, the lease expires by itself. */
async function release(redis: ViewRedis, ownerId: string, token: string): Promise<void> {
  await redis.run('release-lease', ownerId, [token]).catch(() => undefined);
}
