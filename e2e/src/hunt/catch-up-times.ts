import { eventually } from '@kith/local-servers';
import type { Follower } from '../lists/follow-list.ts';
import type { ListAsSeen } from '../lists/list-as-seen.ts';
import { type HuntedKind, type HuntedList, ofAllKinds, type Revisions } from './hunted-kind.ts';

/** Watches a list. */
export interface Client {
  readonly list: HuntedList;
  readonly follower: Follower<ListAsSeen>;
}

/** Whoever is not there by then has missed something. What is promised is less: a hunt that gave up there would not know. */
export const CAUGHT_UP_WITHIN_MS = 90_000;

/** Asked until it answers: connections from before a kill end one by one. */
export function revisionsNow(kinds: readonly HuntedKind[]): Promise<Revisions> {
  return eventually('Postgres says where the lists stand', () => ofAllKinds(kinds, (kind) => kind.revisions()));
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
      const still = behind.filter(({ list, follower }) => follower.list.revision! < revisions.get(list.key)!);
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
  const behind = clients.filter(({ list, follower }) => follower.list.revision! < revisions.get(list.key)!);
  const [first] = behind;
  if (!first) return true;
  const { list, gatewayUrl, endings } = first.follower;
  const { key } = first.list;
  throw new Error(
    `${behind.length} are behind; one of ${key} at ${gatewayUrl} stands at ${list.revision} of ${revisions.get(key)} after ${JSON.stringify(endings.at(-1))}`,
  );
}
