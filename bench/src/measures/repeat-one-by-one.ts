import { percentile } from '../report/percentile.ts';

/** How long each call takes, in µs: so many, one after the other, after a tenth of them for warming up. */
export async function microsecondsOf(calls: number, call: () => Promise<unknown>): Promise<number[]> {
  for (let index = 0; index < calls / 10; index++) await call();
  const took: number[] = [];
  for (let index = 0; index < calls; index++) {
    const startedAt = performance.now();
    await call();
    took.push((performance.now() - startedAt) * 1000);
  }
  return took;
}

/** The median of them. */
export async function medianMicroseconds(calls: number, call: () => Promise<unknown>): Promise<number> {
  return percentile(await microsecondsOf(calls, call), 50);
}
