import type { Moment } from '../rules/moment.ts';
import type { Inventory } from './inventory.ts';

export interface Wanted {
  readonly productId: string;
  readonly count: number;
}

export interface Shortage {
  readonly productId: string;
  readonly wanted: number;
  readonly remains: number;
}

/** Takes the stock of a whole order, or nothing of it; answers what there is too little of. */
export function takeStock(
  wanted: readonly Wanted[],
  inventories: ReadonlyMap<string, Inventory>,
  moment: Moment,
): readonly Shortage[] {
  const sums = new Map<string, number>();
  for (const { productId, count } of wanted) sums.set(productId, (sums.get(productId) ?? 0) + count);
  const short: Shortage[] = [];
  for (const [productId, count] of sums) {
    const remains = inventories.get(productId)?.state.remains ?? 0;
    if (remains < count) short.push({ productId, wanted: count, remains });
  }
  if (short.length > 0) return short;
  for (const [productId, count] of sums) inventories.get(productId)?.decrease(count, moment);
  return [];
}
