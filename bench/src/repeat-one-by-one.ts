import { percentile } from './percentile.ts';

/** How long one call takes, in µs: the median of so many, one after the other, after a tenth of them for warming up. */
export async function medianMicroseconds(calls: number, call: () => Promise<unknown>): Promise<number> {
  for (let index = 0; index < calls / 10; index++) await call();
  const took: number[] = [];
  for (let index = 0; index < calls; index++) {
    const startedAt = performance.now();
    await call();
    took.push((performance.now() - startedAt) * 1000);
  }
  return percentile(took, 50);
}
