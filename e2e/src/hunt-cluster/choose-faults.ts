import type { Random } from '../people/seeded-random.ts';
import type { ClusterFault } from './cluster-fault.ts';

/** In ten minutes each kind of fault is to be met so often; in less time in proportion. */
const EACH_IN_TEN_MINUTES = 5;
const TEN_MINUTES_S = 600;
/** Of the faults that nobody planned so many come beside others, while there is time enough. */
const OVERLAP = 0.5;
/** Faults of one stretch, in which there are always two at a time: more where time is short. */
const STRETCH = { usual: 2, behind: 8 };

export const timesWanted = (seconds: number): number => Math.floor((EACH_IN_TEN_MINUTES * seconds) / TEN_MINUTES_S);

/** Whether fewer faults were made by now than lead to as many of each kind as are wanted. */
export function isBehind(made: number, kinds: number, { seconds, passedS }: { seconds: number; passedS: number }) {
  return made < kinds * (timesWanted(seconds) + 1) * (passedS / seconds);
}

/**
 * How many faults are to come now, two at a time: 1 for one alone. Behind time all that nobody planned come in long
 * stretches, but for those that are judged by how long they take alone, which come so every other time.
 */
export function howManyNow(
  fault: ClusterFault,
  { behind, madeBefore, random }: { behind: boolean; madeBefore: number; random: Random },
): number {
  if (fault.planned) return 1;
  if (behind) return fault.judgedAlone && madeBefore % 2 === 0 ? 1 : STRETCH.behind;
  return random.next() < OVERLAP ? STRETCH.usual : 1;
}

/** Rounds of all faults, each in an order drawn anew. */
export function roundsOf(faults: readonly ClusterFault[], random: Random) {
  let left: ClusterFault[] = [];
  return {
    /** One of what is left of this round; undefined where none fits. A round that is over is followed by the next. */
    take(fits: (fault: ClusterFault) => boolean = () => true): ClusterFault | undefined {
      if (left.length === 0) left = [...faults];
      const fitting = left.filter(fits);
      const taken = fitting.length > 0 ? random.pick(fitting) : undefined;
      left = left.filter((fault) => fault !== taken);
      return taken;
    },
  };
}
