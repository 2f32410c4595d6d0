import type { Logger } from 'pino';

export type Stop = () => Promise<void> | void;

/** Graceful shutdown: stops one part after another, last first. A failed stop is logged, and the others still run. */
export async function stopInReverse(log: Logger, stops: readonly Stop[]): Promise<void> {
  for (const stop of [...stops].reverse()) {
    try {
      await stop();
    } catch (err) {
      log.error({ err }, 'could not stop cleanly');
    }
  }
}
