import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_AGAIN_AFTER_MS = 20;

/** Deliveries in flight of a partition, by sequence: it is handed on when there are none (draining). */
export function waitsForWhatIsInHand() {
  const inHand = new Set<number>();
  return {
    taken: (sequence: number) => void inHand.add(sequence),
    settled: (sequence: number) => void inHand.delete(sequence),
    /** Until all are settled, but no longer than `mostMs`, nor than `goesOn` says. */
    async allSettled(mostMs: number, goesOn: () => boolean): Promise<void> {
      const until = performance.now() + mostMs;
      while (inHand.size > 0 && goesOn() && performance.now() < until) await sleep(LOOK_AGAIN_AFTER_MS);
    },
  };
}
