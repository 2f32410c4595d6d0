import { eventually } from '@kith/local-servers';
import type { Follower } from '../lists/follow-friend-list.ts';
import type { Person } from '../people/person.ts';
import type { HuntedSystem } from '../system/start-system-for-test.ts';

/** Watches somebody's list. */
export interface Client {
  readonly owner: Person;
  readonly follower: Follower;
}

/** By the list's owner. */
export type Revisions = ReadonlyMap<string, number>;

/** Whoever is not there by then has missed something. What is promised is less: a hunt that gave up there would not know. */
export const CAUGHT_UP_WITHIN_MS = 90_000;

/** Asked until it answers: connections from before a kill end one by one. */
export function revisionsNow({ friendDatabase }: HuntedSystem, owners: readonly Person[]): Promise<Revisions> {
  const ids = owners.map(({ id }) => id);
  return eventually('Postgres says where the lists stand', async () => {
    const { rows } = await friendDatabase.query(
      'SELECT owner_id, revision FROM friend_list WHERE owner_id = ANY ($1)',
      [ids],
    );
    return new Map(rows.map(({ owner_id, revision }) => [owner_id as string, Number(revision)]));
  });
}

export interface CaughtUp {
  /** For each client. */
  readonly tookMs: readonly number[];
  /** One of those that needed longest. */
  readonly last: Client;
}

/** Waits until each client has the revision that its list has; the ms count from `endedAt`. */
export async function catchUpTimes(
  clients: readonly Client[],
  revisions: Revisions,
  endedAt: number,
  fault: string,
): Promise<CaughtUp> {
  const tookMs: number[] = [];
  let behind = clients;
  let last = clients[0]!;
  await eventually(
    `every client has caught up after: ${fault}`,
    () => {
      const now = performance.now();
      const still = behind.filter(({ owner, follower }) => follower.list.revision! < revisions.get(owner.id)!);
      for (let caughtUp = behind.length - still.length; caughtUp > 0; caughtUp -= 1) tookMs.push(now - endedAt);
      last = still[0] ?? behind[0] ?? last;
      behind = still;
      return behind.length === 0 || assertNoneBehind(behind, revisions);
    },
    { withinMs: CAUGHT_UP_WITHIN_MS, everyMs: 5 },
  );
  return { tookMs, last };
}

/** Throws with what is known about the first that is behind. */
export function assertNoneBehind(clients: readonly Client[], revisions: Revisions): true {
  const behind = clients.filter(({ owner, follower }) => follower.list.revision! < revisions.get(owner.id)!);
  const [first] = behind;
  if (!first) return true;
  const { list, gatewayUrl, endings } = first.follower;
  throw new Error(
    `${behind.length} are behind; one of ${first.owner.username}’s at ${gatewayUrl} stands at ${list.revision} of ${revisions.get(first.owner.id)} after ${JSON.stringify(endings.at(-1))}`,
  );
}
