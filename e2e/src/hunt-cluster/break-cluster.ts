import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { catchUpTimes, revisionsNow } from '../hunt/catch-up-times.ts';
import type { ChangeCounts } from '../hunt/change-lists.ts';
import type { UnderHunt } from '../hunt/hunt-holes.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import { howManyNow, isBehind, roundsOf } from './choose-faults.ts';
import type { ClusterFault } from './cluster-fault.ts';
import { type BackAfterPromotion, backAfterPromotion } from './measure-promotion.ts';

export interface ClusterFaultDone {
  readonly name: string;
  readonly planned: boolean;
  /** Another fault was made at the same time. */
  readonly overlapped: boolean;
  /**
   * How long it took until the last client had what its list was right after the fault, counted from the fault's end; a
   * fault that only other nodes can make up for counts from its beginning.
   */
  readonly caughtUpMs: number;
  /** Of planned ones: what clients were told, and had to send a change again for. */
  readonly clientErrors: readonly string[];
  /** Of planned ones: a process that had to be started more than once. */
  readonly failedStarts: readonly string[];
  /** Of planned ones: something that nobody planned happened at the same time, or just before. */
  readonly disturbedBy?: string;
  /** Of those by which a standby was promoted. */
  readonly promotion?: BackAfterPromotion;
}

const CALM_MS = 2_000;
/** What a fault before has left behind is over by then. */
const CALM_WITHIN_MS = 60_000;

/** Resolves when no client has been refused anything for a while: to whether that was so in time. */
async function becomesCalm(counts: ChangeCounts): Promise<boolean> {
  const deadline = performance.now() + CALM_WITHIN_MS;
  while (performance.now() < deadline) {
    const { retried } = counts;
    await delay(CALM_MS);
    if (counts.retried === retried) return true;
  }
  return false;
}

/** So many times as much is to be done as this machine can: it refuses what comes too late, whatever is broken. */
const BUSY = 4;
const isMachineBusy = () => (loadavg()[0] ?? 0) > BUSY * availableParallelism();

/** What is counted by name since then. */
function since(before: Readonly<Record<string, number>>, now: Readonly<Record<string, number>>): string[] {
  const more = Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
  return more.flatMap(([name, count]) => Array.from({ length: count }, () => name));
}

/** Two workers: each makes one fault after the other, of another part than the other has in hand; so many together. */
async function twoAtATime(
  first: ClusterFault,
  count: number,
  using: {
    rounds: ReturnType<typeof roundsOf>;
    make: (fault: ClusterFault, overlapped: boolean) => Promise<void>;
    random: UnderHunt['random'];
  },
): Promise<void> {
  const { rounds, make, random } = using;
  const inHand = new Set<ClusterFault['part']>();
  let left = count;
  const worker = async (given?: ClusterFault): Promise<void> => {
    for (let fault = given; left > 0; fault = undefined) {
      fault ??= rounds.take(({ part, planned, judgedAlone }) => !planned && !judgedAlone && !inHand.has(part));
      if (!fault) return;
      left -= 1;
      inHand.add(fault.part);
      await make(fault, true);
      inHand.delete(fault.part);
      await delay(random.between(0, 300));
    }
  };
  const second = delay(random.between(0, 1_500)).then(() => worker());
  await Promise.all([worker(first), second]);
}

/**
 * Every fault in an order drawn anew, again and again for so many seconds, and each at least once where that is asked
 * for. At most two at a time, of different parts: what was broken is whole again before the next of its part, and
 * before what is planned.
 */
export async function breakCluster(
  system: ClusterForTest,
  { clients, kinds, changes, catchUps, random }: UnderHunt,
  faults: readonly ClusterFault[],
  { seconds, eachOnce, say }: { seconds: number; eachOnce: boolean; say: (line: string) => void },
): Promise<ClusterFaultDone[]> {
  const done: ClusterFaultDone[] = [];
  const startedAt = performance.now();
  const isTime = () => performance.now() - startedAt < seconds * 1_000;
  const isMissing = () => eachOnce && faults.some(({ name }) => !done.some((one) => one.name === name));

  const make = async (fault: ClusterFault, overlapped: boolean): Promise<void> => {
    const planned = fault.planned === true;
    const isCalm = !planned || (await becomesCalm(changes));
    const retriedBefore = { ...changes.retriedFor };
    const { promotedAt } = system.servers.failover;
    const wasBusy = isMachineBusy();
    const promotions = promotedAt.length;
    const begunAt = performance.now();
    say(`${((begunAt - startedAt) / 1_000).toFixed(1)} s: ${fault.name}${overlapped ? ', overlapping' : ''}`);
    const failedStarts: string[] = [];
    const mend = await fault.break((what) => failedStarts.push(what));
    const countedFrom = mend ? begunAt : performance.now();
    const revisions = await revisionsNow(kinds);
    const { tookMs } = await catchUpTimes(clients, revisions, countedFrom, fault.name);
    const promoted = promotedAt[promotions];
    const disturbances = {
      'errors before it': !isCalm,
      'a failover of Postgres': promoted !== undefined,
      'a busy machine': wasBusy || isMachineBusy(),
    };
    const disturbedBy = Object.entries(disturbances).find(([, is]) => is)?.[0];
    done.push({
      ...{ name: fault.name, planned, overlapped, caughtUpMs: Math.max(...tookMs) },
      clientErrors: planned ? since(retriedBefore, changes.retriedFor) : [],
      failedStarts,
      ...(planned && disturbedBy && { disturbedBy }),
      ...(fault.part === 'Postgres' && promoted && { promotion: await backAfterPromotion(system, promoted) }),
    });
    await mend?.();
  };

  const rounds = roundsOf(faults, random);
  while (isTime() || isMissing()) {
    const first = rounds.take() as ClusterFault;
    const passedS = (performance.now() - startedAt) / 1_000;
    const count = howManyNow(first, {
      behind: isBehind(done.length, faults.length, { seconds, passedS }),
      madeBefore: done.filter(({ name }) => name === first.name).length,
      random,
    });
    await catchUps.look();
    await (count > 1 ? twoAtATime(first, count, { rounds, make, random }) : make(first, false));
    await delay(random.between(0, 300));
  }
  return done;
}
