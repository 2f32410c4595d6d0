import type { Logger } from 'pino';

export type Stop = () => Promise<void> | void;

const FORCED_AFTER_MS = 10_000;

/**
 * On SIGTERM or SIGINT: runs the stops once, the last started first, and exits 0; exits 1 when they have not ended
 * after 10 s. `stops` is read when the signal comes, so it can be filled while the process starts.
 */
export function onShutdown(log: Logger, stops: readonly Stop[]): void {
  let stopping = false;
  const shutDown = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      log.error(`not stopped ${FORCED_AFTER_MS} ms after ${signal}: leaving anyway`);
      process.exit(1);
    }, FORCED_AFTER_MS).unref();
    await stopInReverse(log, stops);
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => void shutDown(signal));
}

/** One after the other, last first. A stop that fails is logged and does not keep the others from running. */
export async function stopInReverse(log: Logger, stops: readonly Stop[]): Promise<void> {
  for (const stop of [...stops].reverse()) {
    try {
      await stop();
    } catch (err) {
      log.error({ err }, 'could not stop cleanly');
    }
  }
}
