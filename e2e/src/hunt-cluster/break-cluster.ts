import { setTimeout as delay } from 'node:timers/promises';
import { catchUpTimes, revisionsNow } from '../hunt/catch-up-times.ts';
import type { ChangeCounts } from '../hunt/change-lists.ts';
import type { UnderHunt } from '../hunt/hunt-holes.ts';
import type { ClusterForTest } from '../system/start-cluster-for-test.ts';
import type { ClusterFault } from './cluster-fault.ts';

export interface ClusterFaultDone {
  readonly name: string;
  readonly planned: boolean;
  /** Another fault was made at the same time. */
  readonly overlapped: boolean;
  /**
   * Until the last client had what its list was right after the fault: from the fault's end; of one that only the others
   * can make up for, from its beginning.
   */
  readonly caughtUpMs: number;
  /** How often a client had to send a change again meanwhile; of planned ones alone, where nothing else happened, and none did just before. */
  readonly clientErrors: number;
}

const CALM_MS = 2_000;

/** Control: whether no client sees an error while nothing is broken. */
async function staysCalm(changes: ChangeCounts): Promise<boolean> {
  const { retried } = changes;
  await delay(CALM_MS);
  return changes.retried === retried;
}

/** Half of the faults that nobody planned come two at a time. */
const OVERLAP = 0.5;

/**
 * Every fault in an order drawn anew, again and again for so many seconds, and each at least once where that is asked
 * for. Whatever was broken is whole again before the next.
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
    const isCalm = !fault.planned || (await staysCalm(changes));
    const retriedBefore = changes.retried;
    const { primary } = system.servers.postgres;
    const begunAt = performance.now();
    say(`${((begunAt - startedAt) / 1_000).toFixed(1)} s: ${fault.name}${overlapped ? ', overlapping' : ''}`);
    const mend = await fault.break();
    const countedFrom = mend ? begunAt : performance.now();
    const revisions = await revisionsNow(kinds);
    const { tookMs } = await catchUpTimes(clients, revisions, countedFrom, fault.name);
    // On a busy machine a primary may seem to hang at any time, and gateways refuse what is too much for them.
    const isUndisturbed = isCalm && system.servers.postgres.primary === primary;
    const clientErrors = fault.planned && isUndisturbed ? changes.retried - retriedBefore : 0;
    const planned = fault.planned === true;
    done.push({ name: fault.name, planned, overlapped, caughtUpMs: Math.max(...tookMs), clientErrors });
    await mend?.();
  };

  for (let left: ClusterFault[] = []; isTime() || isMissing(); ) {
    if (left.length === 0) left = [...faults];
    const take = (fits: (fault: ClusterFault) => boolean) => {
      const fitting = left.filter(fits);
      const taken = fitting.length > 0 ? random.pick(fitting) : undefined;
      left = left.filter((fault) => fault !== taken);
      return taken;
    };
    const first = take(() => true) as ClusterFault;
    const second =
      !first.planned && random.next() < OVERLAP
        ? take(({ part, planned }) => !planned && part !== first.part)
        : undefined;
    await catchUps.look();
    const pauseMs = random.between(0, 1_500);
    await Promise.all([make(first, second !== undefined), second && delay(pauseMs).then(() => make(second, true))]);
    await delay(random.between(0, 300));
  }
  return done;
}
