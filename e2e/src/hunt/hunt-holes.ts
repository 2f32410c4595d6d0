import { eventually } from '@kith/local-servers';
import { followFriendList } from '../lists/follow-friend-list.ts';
import type { Ending } from '../lists/subscribe-over-websocket.ts';
import { seededRandom } from '../people/seeded-random.ts';
import type { SystemForTest } from '../system/start-system-for-test.ts';
import { assertPromiseKept, settledLists } from './assert-promise-kept.ts';
import { type BrokenOnce, breakThings, type Rates } from './break-things.ts';
import { assertNoneBehind, CAUGHT_UP_WITHIN_MS, type Client } from './catch-up-times.ts';
import { type ChangeCounts, changeLists } from './change-lists.ts';
import { countCatchUps } from './count-catch-ups.ts';
import { faultsOf } from './faults.ts';
import { signUpPeople } from './sign-up-people.ts';

export interface HuntOptions {
  readonly seconds: number;
  /** Spread over the lists and both gateways, half of them on WebSockets and half on event streams. */
  readonly clients: number;
  readonly lists: number;
  /** Of each list. */
  readonly changesPerSecond: number;
  readonly longNatsFreeze: boolean;
}

export interface HuntReport {
  readonly options: HuntOptions;
  readonly faults: readonly BrokenOnce[];
  readonly rates: Rates;
  readonly mutations: ChangeCounts;
  /** Changes that clients took. */
  readonly pushed: number;
  /** Connections that ended, by how. */
  readonly reconnects: Readonly<Record<string, number>>;
  readonly catchUps: Readonly<Record<string, number>>;
  /** From the last change's answer until every client had it. */
  readonly caughtUpAtEndMs: number;
}

/** What the system of a hunt needs: nobody's token expires during the longest, and few people have all the sockets. */
export const HUNT_ENV = { ACCESS_TOKEN_TTL_S: '86400', SOCKETS_PER_USER: '1000' };

/**
 * Changes lists, breaks one thing after the other, and holds every client to the promise: at the end its list is the one
 * in Postgres, and it saw each change once and in order. Throws when that, or anything else, is not so.
 */
export async function huntHoles(system: SystemForTest, options: HuntOptions): Promise<HuntReport> {
  const random = seededRandom('hole hunting');
  const people = await signUpPeople(system, options.lists);
  const owners = people.owners.map(({ person }) => person);
  const clients = Array.from({ length: options.clients }, (_, index): Client => {
    const owner = owners[index % owners.length]!;
    const turn = Math.floor(index / owners.length);
    const follower = followFriendList({
      gatewayUrls: turn % 2 === 0 ? system.gatewayUrls : system.gatewayUrls.toReversed(),
      token: owner.token,
      transport: Math.floor(turn / 2) % 2 === 0 ? 'websocket' : 'sse',
      // At thousands a second they would fill the memory.
      keepsChanges: false,
    });
    return { owner, follower };
  });
  const followers = clients.map(({ follower }) => follower);
  const faults = faultsOf(system, followers, random.branch(), options);
  try {
    await eventually('every client has its snapshot', () => followers.every(({ list }) => list.snapshots.length > 0), {
      withinMs: CAUGHT_UP_WITHIN_MS,
    });
    const catchUps = countCatchUps(system);
    const changing = changeLists({
      gatewayUrls: system.gatewayUrls,
      ...people,
      random: random.branch(),
      perSecond: options.changesPerSecond,
    });
    const { broken, rates } = await breakThings({
      system,
      clients,
      owners,
      faults,
      catchUps,
      random,
      seconds: options.seconds,
    });
    const { late } = changing.counts;
    await changing.stop();
    const endedAt = performance.now();

    const stored = await settledLists(system, owners);
    const revisions = new Map([...stored].map(([id, { revision }]) => [id, revision]));
    await eventually('every client is where Postgres is', () => assertNoneBehind(clients, revisions), {
      withinMs: CAUGHT_UP_WITHIN_MS,
    });
    const caughtUpAtEndMs = performance.now() - endedAt;
    await assertPromiseKept(system, clients, stored);
    await catchUps.look();
    return {
      options,
      faults: broken,
      rates,
      mutations: { ...changing.counts, late },
      pushed: sum(followers.map(({ list }) => list.changesSeen)),
      reconnects: countOf(followers.flatMap(({ endings }) => endings.map(nameOf))),
      catchUps: catchUps.byReason(),
      caughtUpAtEndMs,
    };
  } finally {
    faults.stop();
    await Promise.all(followers.map((follower) => follower.stop()));
  }
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
