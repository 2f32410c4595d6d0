import { setTimeout as pause } from 'node:timers/promises';

const WAIT_AT_MOST_MS = 2_000;
const LOOK_EVERY_MS = 25;

/**
 * Reads what is copied from another service by its events (eventual consistency). Whoever has just made a thing there
 * and goes on here is a moment too early at worst: so "unknown" is only said when it has stayed unknown for two seconds.
 */
export async function untilKnown<Known>(look: () => Promise<Known | undefined>): Promise<Known | undefined> {
  const deadline = performance.now() + WAIT_AT_MOST_MS;
  for (;;) {
    const known = await look();
    if (known !== undefined || performance.now() > deadline) return known;
    await pause(LOOK_EVERY_MS);
  }
}
