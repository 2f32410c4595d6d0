import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../people/seeded-random.ts';
import { type Client, catchUpTimes, revisionsNow } from './catch-up-times.ts';
import type { Faults } from './faults.ts';
import type { HuntedKind, Revisions } from './hunted-kind.ts';

export interface BrokenOnce {
  readonly name: string;
  readonly tookMs: number;
  /** From the end of the fault until the client had what its list was then; only after faults that were waited for. */
  readonly caughtUpMs: readonly number[];
  /** How often the client that needed longest had to connect again: it pauses longer each time. */
  readonly lastReconnected: number;
}

/** Changes of a list a second, as its revision in Postgres says. */
export interface Rates {
  /** Each list's, all the time. */
  readonly overall: readonly number[];
  readonly betweenFaults: number;
  readonly duringFaults: number;
}

/** Each fault at least once, in an order drawn anew, for as long as there is time; each mended before the next. */
export async function breakThings(hunt: {
  clients: readonly Client[];
  kinds: readonly HuntedKind[];
  faults: Faults;
  catchUps: { look(): Promise<void> };
  random: Random;
  seconds: number;
}): Promise<{ broken: BrokenOnce[]; rates: Rates }> {
  const { clients, kinds, faults, catchUps, random, seconds } = hunt;
  const broken: BrokenOnce[] = [];
  const time = { betweenFaults: 0, duringFaults: 0 };
  const changes = { betweenFaults: 0, duringFaults: 0 };
  const first = await revisionsNow(kinds);
  const startedAt = performance.now();
  let last = { at: startedAt, revisions: first };
  const count = (when: 'betweenFaults' | 'duringFaults', at: number, revisions: Revisions) => {
    time[when] += at - last.at;
    changes[when] += sum([...revisions].map(([id, revision]) => revision - last.revisions.get(id)!));
    last = { at, revisions };
  };

  for (let left: string[] = []; performance.now() - startedAt < seconds * 1_000; ) {
    if (left.length === 0) left = Object.keys(faults.byName);
    const [name] = left.splice(random.between(0, left.length - 1), 1) as [string];
    // The other half overlaps with the next fault.
    const isWaitedFor = random.next() < 0.5;
    const pauseMs = random.between(0, 300);
    await catchUps.look();
    const breaksAt = performance.now();
    count('betweenFaults', breaksAt, await revisionsNow(kinds));
    const endingsBefore = new Map(clients.map(({ follower }) => [follower, follower.endings.length]));
    const mended = await faults.byName[name]!();
    const endedAt = performance.now();
    const revisions = await revisionsNow(kinds);
    count('duringFaults', endedAt, revisions);
    const caughtUp = isWaitedFor ? await catchUpTimes(clients, revisions, endedAt, name) : undefined;
    const last = caughtUp?.last.follower;
    broken.push({
      name,
      tookMs: endedAt - breaksAt,
      caughtUpMs: caughtUp?.tookMs ?? [],
      lastReconnected: last ? last.endings.length - endingsBefore.get(last)! : 0,
    });
    await mended?.goingOn;
    await delay(pauseMs);
  }
  const at = performance.now();
  count('betweenFaults', at, await revisionsNow(kinds));
  const perSecond = (count: number, ms: number) => count / (ms / 1_000);
  return {
    broken,
    rates: {
      overall: [...last.revisions].map(([id, revision]) => perSecond(revision - first.get(id)!, at - startedAt)),
      betweenFaults: perSecond(changes.betweenFaults, time.betweenFaults) / first.size,
      duringFaults: perSecond(changes.duringFaults, time.duringFaults) / first.size,
    },
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
