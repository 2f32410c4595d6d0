/**
 * Exponential backoff with equal jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015): milliseconds before try
 * number `attempt` (from 1). Clients that were cut off together do not come back together.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(15_000, 250 * 2 ** Math.min(attempt - 1, 10));
  return ceiling / 2 + (ceiling / 2) * random();
}
