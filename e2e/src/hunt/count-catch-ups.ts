import type { HuntedSystem } from '../system/hunted-system.ts';

const CATCH_UPS = /^kith_live_catch_ups_total\{reason="(\w+)"\} (\d+)/gm;

/**
 * How often gateways asked the store for what their subscribers had missed, by reason: their own count, which ends with
 * their process. Whoever is about to end one looks first; what it counts between the last look and its end is lost.
 */
export function countCatchUps({ gateways }: HuntedSystem) {
  const seen = new Map<number, Map<string, number>>();
  return {
    async look(): Promise<void> {
      const looking = gateways.map(async ({ url, pid }) => {
        const answer = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(2_000) });
        const counts = [...(await answer.text()).matchAll(CATCH_UPS)];
        seen.set(pid, new Map(counts.map(([, reason, count]) => [reason!, Number(count)])));
      });
      await Promise.allSettled(looking);
    },
    byReason(): Record<string, number> {
      const total: Record<string, number> = {};
      for (const counts of seen.values()) {
        for (const [reason, count] of counts) total[reason] = (total[reason] ?? 0) + count;
      }
      return total;
    },
  };
}
