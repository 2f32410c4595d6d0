import { setTimeout as sleep } from 'node:timers/promises';
import { DurableTaken } from '../broker/durable-taken.ts';
import type { Log } from '../observe/log.ts';

const AGAIN_AFTER_MS = 500;

/**
 * Retry until it is done: begins what needs the broker, and again while that is away or refuses it. Resolves to undefined
 * when `signal` is aborted first. Rejects only with what no time mends: DurableTaken.
 */
export async function startWhenItAnswers<Started>(
  what: string,
  start: () => Promise<Started | undefined>,
  { log, signal }: { readonly log: Log; readonly signal: AbortSignal },
): Promise<Started | undefined> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      const started = await start();
      if (started !== undefined) return started;
    } catch (error) {
      if (error instanceof DurableTaken) throw error;
      // Logged once, not at every try; what has closed its broker ends.
      if (tries === 1 && !signal.aborted) log.warn({ what, error: String(error) }, 'not started yet; trying again');
    }
    await sleep(AGAIN_AFTER_MS, undefined, { ref: false, signal }).catch(() => undefined);
  }
  return undefined;
}
