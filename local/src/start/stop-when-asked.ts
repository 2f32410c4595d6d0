import { ancestorsOf, stillRuns } from '../data-folder/look-at-processes.ts';

const LOOK_EVERY_MS = 500;
/** `pnpm start`, `npm exec pnpm@12 start`, `node …/npx-cli.js …`; not a shell whose script merely mentions one. */
const PACKAGE_MANAGER = /^(\S*\/)?(npm|npx|pnpm)(\s|$)|^(\S*\/)?node \S*(npm|npx|pnpm)/;

/**
 * Calls `stop` once, on the first SIGINT, SIGTERM or SIGHUP, or when the package manager that started us has ended:
 * a SIGTERM to `npx` ends npx alone, and neither it nor pnpm passes it on. The second signal calls `stopNow`.
 */
export function stopWhenAsked(stop: () => void, stopNow: () => void): void {
  let asked = false;
  const ask = () => {
    if (asked) return false;
    asked = true;
    clearInterval(looking);
    stop();
    return true;
  };
  // In a terminal Ctrl-C reaches us directly and from the package manager: the second within a moment is the same one.
  let ignoreUntil = 0;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (ask()) ignoreUntil = performance.now() + 300;
      else if (performance.now() > ignoreUntil) stopNow();
    });
  }
  const ancestors = ancestorsOf(process.pid);
  const topmost = ancestors.findLastIndex(({ commandLine }) => PACKAGE_MANAGER.test(commandLine));
  const launchers = ancestors.slice(0, topmost + 1).map(({ mark }) => mark);
  const looking = setInterval(() => {
    if (!launchers.every(stillRuns)) ask();
  }, LOOK_EVERY_MS);
  looking.unref();
}
