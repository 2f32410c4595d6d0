import { UnreadableEvent } from '../../envelope/envelope.ts';
import { backoffMs } from '../../failures/backoff.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** While what waits takes up half of what the consumer may have in flight, nothing waits longer: others must flow. */
const CROWDED_MS = 10 * 60 * 1_000;
const LOOK_AGAIN = { firstMs: 1_000, mostMs: 30_000 };

/**
 * Whether a process that knows newer versions could do what failed here: the event itself is of such a version, or a
 * read that the handler made to fill a hole met one.
 */
function isFromTheFuture(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth += 1) {
    if (each instanceof UnreadableEvent) return each.fromTheFuture;
  }
  return false;
}

export type Upgrades = ReturnType<typeof waitsForUpgrades>;

/**
 * Decides how long events from the future wait (tolerant rolling upgrade): given back with a delay, for an instance of
 * the new version to take, for a day since they were stored; then no upgrade is to be expected.
 */
export function waitsForUpgrades(options: {
  now: () => Date;
  maxUnacked: number;
  lookAgain?: { readonly firstMs: number; readonly mostMs: number } | undefined;
}) {
  const { now, maxUnacked, lookAgain = LOOK_AGAIN } = options;
  let waiting = 0;
  return {
    /** Whether what failed so is to wait, and not for ever. */
    mayWait(error: unknown, storedAt: Date): boolean {
      if (!isFromTheFuture(error)) return false;
      const crowded = waiting * 2 > maxUnacked;
      return now().getTime() - storedAt.getTime() < (crowded ? CROWDED_MS : DAY_MS);
    },
    /** How long to wait this time; counted among those that wait until then. */
    delayMs(attempt: number): number {
      const ms = backoffMs(attempt, lookAgain);
      waiting += 1;
      setTimeout(() => {
        waiting -= 1;
      }, ms).unref();
      return ms;
    },
  };
}
