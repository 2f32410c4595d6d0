/**
 * Exponential backoff with equal jitter (Brooker, "Exponential Backoff and Jitter", AWS 2015).
 * `attempt` counts from 1; the answer is milliseconds.
 */
export function backoffMs(attempt: number, limits: { firstMs: number; mostMs: number }, random = Math.random): number {
  const ceiling = Math.min(limits.mostMs, limits.firstMs * 2 ** Math.min(attempt - 1, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
