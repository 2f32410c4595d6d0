import type { Logger } from 'pino';

export type Stop = () => Promise<void> | void;

/**
 * Graceful shutdown: one after the other, last first. A stop that fails is logged and does not keep the others from
 * running.
 */
export async function stopInReverse(log: Logger, stops: readonly Stop[]): Promise<void> {
  for (const stop of [...stops].reverse()) {
    try {
      await stop();
    } catch (err) {
      log.error({ err }, 'could not stop cleanly');
    }
  }
}
