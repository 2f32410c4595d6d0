import { setTimeout as wait } from 'node:timers/promises';

const STEP_MS = 20;

/**
 * Draining without a thundering herd: does something to each, evenly spread over that time: what leaves together comes
 * back together.
 */
export async function spreadOver<Item>(
  overMs: number,
  items: readonly Item[],
  each: (item: Item) => void,
): Promise<void> {
  const steps = Math.max(1, Math.floor(overMs / STEP_MS));
  const perStep = Math.max(1, Math.ceil(items.length / steps));
  for (let from = 0; from < items.length; from += perStep) {
    if (from > 0) await wait(STEP_MS);
    for (const item of items.slice(from, from + perStep)) each(item);
  }
}
