import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** More than what a resting machine does by itself, in cores. */
const RESTS_BELOW = 0.3;
const LOOK_FOR_MS = 1_000;

/** How many cores others keep busy, looked at whenever nothing of the benchmark's own runs. */
export interface OtherWork {
  look(): Promise<void>;
  /** The most that was seen, in cores. */
  readonly mostCores: number;
  readonly isBusy: boolean;
}

/** @param cpuMs CPU time that the machine has used so far, in ms: by default from /proc/stat */
export function watchOtherWork(cpuMs: () => number = cpuTimeOfTheMachineMs, lookForMs = LOOK_FOR_MS): OtherWork {
  let mostCores = 0;
  return {
    async look() {
      const [before, startedAt] = [cpuMs(), performance.now()];
      await sleep(lookForMs);
      mostCores = Math.max(mostCores, (cpuMs() - before) / (performance.now() - startedAt));
    },
    get mostCores() {
      return mostCores;
    },
    get isBusy() {
      return mostCores > RESTS_BELOW;
    },
  };
}

/** Ticks of 10 ms (https://man7.org/linux/man-pages/man5/proc_stat.5.html): all but idle and waiting for a disk. */
function cpuTimeOfTheMachineMs(): number {
  const [, user, nice, system, , , irq, softirq, steal] = (readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '')
    .split(/\s+/)
    .map(Number) as number[];
  return [user, nice, system, irq, softirq, steal].reduce<number>((sum, ticks) => sum + (ticks ?? 0), 0) * 10;
}
