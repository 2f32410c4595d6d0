/**
 * Milliseconds before try number `attempt` (from 1): doubled each time up to 15 s, the second half of it by chance, so
 * that clients which were cut off together do not come back together.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(15_000, 250 * 2 ** Math.min(attempt - 1, 10));
  return ceiling / 2 + (ceiling / 2) * random();
}
