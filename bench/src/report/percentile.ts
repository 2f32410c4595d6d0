/** The nearest-rank percentile, `p` from 0 to 100. Throws RangeError when there is nothing to take it of. */
export function percentile(values: readonly number[] | Float64Array, p: number): number {
  if (values.length === 0) throw new RangeError('Nothing was measured.');
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)]!;
}
