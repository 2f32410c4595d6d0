import type { ExitCode } from './end-with-a-code.ts';

/** As a shell counts them: 128 and the number of the signal. */
const SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
export type StopSignal = keyof typeof SIGNALS;

type OnStop = (signal: StopSignal) => Promise<ExitCode>;
let onStop: OnStop | undefined;

export const exitCodeOf = (signal: StopSignal): ExitCode => SIGNALS[signal];

/**
 * Graceful shutdown of a command: the first signal calls `stop`, and the command ends with the code that it resolves to;
 * a second signal ends it at once. A command that says nothing of it ends at once, too.
 *
 * @returns to take it back once the work is done
 */
export function whenStopped(stop: OnStop): () => void {
  onStop = stop;
  return () => {
    onStop = undefined;
  };
}

/** Ends this process at the signals that ask for it; with `json`, which is for programs, that is said in JSON, too. */
export function exitWhenStopped({ json }: { json: boolean }): void {
  for (const signal of Object.keys(SIGNALS) as StopSignal[]) {
    process.on(signal, () => {
      const stop = onStop;
      onStop = undefined;
      if (stop) void stop(signal).then((code) => process.exit(code));
      else {
        const error = { code: 'STOPPED', message: `Stopped by ${signal}.` };
        if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
        else process.stderr.write(`${error.message}\n`);
        process.exit(SIGNALS[signal]);
      }
    });
  }
}
