import { eventually } from '@kith/local-servers';
import { followList } from '../lists/follow-list.ts';
import type { Ending } from '../lists/subscribe-over-websocket.ts';
import type { Person } from '../people/person.ts';
import { type Random, seededRandom } from '../people/seeded-random.ts';
import type { HuntedSystem } from '../system/hunted-system.ts';
import type { SystemForTest } from '../system/start-system-for-test.ts';
import { assertPromiseKept } from './assert-promise-kept.ts';
import { type BrokenOnce, breakThings, type Rates } from './break-things.ts';
import { assertNoneBehind, CAUGHT_UP_WITHIN_MS, type Client } from './catch-up-times.ts';
import { type ChangeCounts, changeLists } from './change-lists.ts';
import { circleListsUnderHunt } from './circle-lists-under-hunt.ts';
import { countCatchUps } from './count-catch-ups.ts';
import { faultsOf } from './faults.ts';
import { friendListsUnderHunt } from './friend-lists-under-hunt.ts';
import { type HuntedKind, type HuntedList, ofAllKinds } from './hunted-kind.ts';
import { type HuntPeople, signUpPeople } from './sign-up-people.ts';

export interface HuntOptions {
  readonly seconds: number;
  /** Spread over the lists and all gateways, half of them on WebSockets and half on event streams. */
  readonly clients: number;
  /** Of each kind. */
  readonly lists: number;
  /** Of each friend list; half as many of each circle. */
  readonly changesPerSecond: number;
}

/** What came of a hunt, whatever was broken. */
export interface HuntOutcome {
  readonly mutations: ChangeCounts;
  /** Changes that clients took. */
  readonly pushed: number;
  /** Connections that ended, by how. */
  readonly reconnects: Readonly<Record<string, number>>;
  readonly catchUps: Readonly<Record<string, number>>;
  /** From the last change's answer until every client had it. */
  readonly caughtUpAtEndMs: number;
}

export interface HuntReport extends HuntOutcome {
  readonly options: HuntOptions;
  /** Of all kinds. */
  readonly lists: number;
  readonly faults: readonly BrokenOnce[];
  readonly rates: Rates;
}

/** What is under way while things are broken. */
export interface UnderHunt {
  readonly clients: readonly Client[];
  readonly kinds: readonly HuntedKind[];
  /** Of lists of every kind. */
  readonly owners: readonly Person[];
  readonly changes: ChangeCounts;
  readonly catchUps: { look(): Promise<void> };
  readonly random: Random;
}

/** What the system of a hunt needs: nobody's token expires during the longest, and few people have all the sockets. */
export const HUNT_ENV = { ACCESS_TOKEN_TTL_S: '86400', SOCKETS_PER_USER: '1000' };

/** Breaks one thing after the other under live lists; `longNatsFreeze` as `faultsOf` has it. */
export async function huntHoles(
  system: SystemForTest & Pick<HuntedSystem, 'circles'>,
  options: HuntOptions & { readonly longNatsFreeze: boolean },
): Promise<HuntReport> {
  const { result, outcome } = await huntWhile(system, options, async (hunt) => {
    const followers = hunt.clients.map(({ follower }) => follower);
    const faults = faultsOf(system, followers, hunt.random.branch(), options);
    return breakThings({ ...hunt, faults, seconds: options.seconds }).finally(() => faults.stop());
  });
  return { options, faults: result.broken, rates: result.rates, lists: result.rates.overall.length, ...outcome };
}

/**
 * Changes lists while things are broken, and holds every client to the promise: at the end its list is the one in
 * Postgres, and it saw each change once and in order. Throws when that, or anything else, is not so.
 */
export async function huntWhile<Result>(
  system: HuntedSystem,
  options: HuntOptions,
  breaking: (hunt: UnderHunt) => Promise<Result>,
): Promise<{ result: Result; outcome: HuntOutcome }> {
  const random = seededRandom('hole hunting');
  const people = await signUpPeople(system, options.lists);
  const owners = people.owners.map(({ person }) => person);
  const kinds = [friendListsUnderHunt(system, people), ...(await circlesOf(system, people))];
  const lists = kinds.flatMap((kind) => kind.lists);
  const clients = followLists(system, lists, options.clients);
  const followers = clients.map(({ follower }) => follower);
  try {
    await eventually('every client has its snapshot', () => followers.every(({ list }) => list.snapshots.length > 0), {
      withinMs: CAUGHT_UP_WITHIN_MS,
    });
    const catchUps = countCatchUps(system);
    const changing = changeLists({
      gatewayUrls: system.gatewayUrls,
      kinds,
      random: random.branch(),
      perSecond: options.changesPerSecond,
    });
    const result = await breaking({ clients, kinds, owners, changes: changing.counts, catchUps, random });
    const { late } = changing.counts;
    await changing.stop();
    const endedAt = performance.now();

    const stored = await ofAllKinds(kinds, (kind) => kind.settled());
    const revisions = new Map([...stored].map(([id, { revision }]) => [id, revision]));
    await eventually('every client is where Postgres is', () => assertNoneBehind(clients, revisions), {
      withinMs: CAUGHT_UP_WITHIN_MS,
    });
    const caughtUpAtEndMs = performance.now() - endedAt;
    await assertPromiseKept(kinds, clients, stored);
    await catchUps.look();
    const outcome = {
      mutations: { ...changing.counts, late },
      pushed: sum(followers.map(({ list }) => list.changesSeen)),
      reconnects: countOf(followers.flatMap(({ endings }) => endings.map(nameOf))),
      catchUps: catchUps.byReason(),
      caughtUpAtEndMs,
    };
    return { result, outcome };
  } finally {
    await Promise.all(followers.map((follower) => follower.stop()));
  }
}

async function circlesOf({ circles }: HuntedSystem, people: HuntPeople): Promise<HuntedKind[]> {
  return circles ? circleListsUnderHunt(circles.database, people) : [];
}

function followLists({ gatewayUrls }: HuntedSystem, lists: readonly HuntedList[], count: number): Client[] {
  return Array.from({ length: count }, (_, index): Client => {
    const list = lists[index % lists.length]!;
    const turn = Math.floor(index / lists.length);
    const follower = followList(list.watched, {
      gatewayUrls: turn % 2 === 0 ? gatewayUrls : gatewayUrls.toReversed(),
      token: list.watchers[turn % list.watchers.length]!.token,
      transport: Math.floor(turn / 2) % 2 === 0 ? 'websocket' : 'sse',
      // At thousands a second they would fill the memory.
      keepsChanges: false,
    });
    return { list, follower };
  });
}

function nameOf(ending: Ending): string {
  switch (ending.how) {
    case 'closed':
      return `closed with ${ending.code}`;
    case 'refused':
      return `refused with ${ending.errors[0]?.extensions?.code}`;
    default:
      return ending.how;
  }
}

function countOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
