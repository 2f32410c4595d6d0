import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { DifferenceReport } from '@kith/event-delivery';
import { digestLists } from '../lists/digest-lists.ts';
import { loadList } from '../lists/load-list.ts';
import type { FriendServiceParts } from '../parts/friend-service-parts.ts';
import { countLists, OWNERS_A_PAGE, ownersAfter } from '../timeline/owners-of-lists.ts';
import type { ListState } from '../view/entries/list-state.ts';

const AT_ONCE = 8;
const TRIES = 20;
const TRY_EVERY_MS = 100;

/** Of rows in one statement. */
const FRIENDS_A_STATEMENT = 20_000;

/**
 * Every view that exists against the rows it was made of: by a digest of each, made in Redis and of what Postgres writes,
 * and in full where the two differ. A view that is behind gets two seconds to catch up, since changes go on meanwhile.
 * Resolves to the number of lists looked at.
 */
export async function compareViewsWithLists(parts: FriendServiceParts, report: DifferenceReport): Promise<number> {
  const total = await countLists(parts.pool);
  let compared = 0;
  for (let after: string | null = null; ; ) {
    const page = await ownersAfter(parts.pool, after);
    const suspects = await whichDiffer(parts, page);
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let owner = suspects.pop(); owner; owner = suspects.pop()) await compareView(parts, owner, report);
      }),
    );
    compared += page.length;
    await report.onProgress('views', compared, total);
    if (page.length < OWNERS_A_PAGE) return compared;
    after = page.at(-1) ?? after;
  }
}

/** Those whose view has another digest than the rows, or none. */
async function whichDiffer({ pool, view }: FriendServiceParts, owners: readonly string[]): Promise<string[]> {
  const suspects: string[] = [];
  let [portion, friends] = [new Map<string, string>(), 0];
  const compare = async () => {
    const ofRows = await digestLists(pool, [...portion.keys()]);
    for (const [owner, digest] of portion) if (ofRows.get(owner) !== digest) suspects.push(owner);
    [portion, friends] = [new Map(), 0];
  };
  for (const [owner, found] of await view.digests(owners)) {
    if (!found) suspects.push(owner);
    else {
      portion.set(owner, found.digest);
      friends += found.friends;
    }
    if (friends >= FRIENDS_A_STATEMENT) await compare();
  }
  if (portion.size > 0) await compare();
  return suspects;
}

async function compareView({ pool, view }: FriendServiceParts, ownerId: string, report: DifferenceReport) {
  let difference: { revision: number; detail: string } | undefined;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const { state, faults } = await view.inspect(ownerId);
    if (!state && faults.length === 0) return;
    const list = await loadList(pool, ownerId);
    // A view that is spoiled does not mend by itself in the next moment: only a reader drops it.
    difference =
      state && faults.length === 0
        ? differenceOf(state, list)
        : { revision: list.revision, detail: `the view is spoiled: ${faults[0]}` };
    if (!difference) return;
    await sleep(TRY_EVERY_MS);
  }
  if (difference) await report.onDifference({ check: 'views', owner: ownerId, ...difference });
}

function differenceOf(stored: ListState, list: ListState): { revision: number; detail: string } | undefined {
  if (stored.revision !== list.revision) {
    return { revision: list.revision, detail: `the view stands at revision ${stored.revision}` };
  }
  const friends = firstDifferent(byKey(stored.friends, 'userId'), byKey(list.friends, 'userId'));
  if (friends) return { revision: list.revision, detail: `friend ${friends} is not as in Postgres` };
  const requests = firstDifferent(byKey(stored.requests, 'id'), byKey(list.requests, 'id'));
  if (requests) return { revision: list.revision, detail: `request ${requests} is not as in Postgres` };
  return undefined;
}

function byKey<Key extends string, Item extends Record<Key, string>>(items: readonly Item[], key: Key) {
  return new Map(items.map((item) => [item[key] as string, item]));
}

function firstDifferent<Item>(a: ReadonlyMap<string, Item>, b: ReadonlyMap<string, Item>): string | undefined {
  return [...new Set([...a.keys(), ...b.keys()])].find((key) => !isDeepStrictEqual(a.get(key), b.get(key)));
}
