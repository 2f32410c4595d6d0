import { setTimeout as sleep } from 'node:timers/promises';

/** Calls `act` so many times a second for so long, whether or not what it began before has ended (an open loop). */
export async function keepPace(perSecond: number, seconds: number, act: (index: number) => void): Promise<void> {
  const startedAt = performance.now();
  const total = Math.round(perSecond * seconds);
  for (let index = 0; index < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * perSecond) + 1);
    for (; index < due; index++) act(index);
    if (index < total) await sleep(Math.max(0, startedAt + (index / perSecond) * 1000 - performance.now()));
  }
}
