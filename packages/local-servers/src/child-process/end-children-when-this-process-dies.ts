import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

// Children run in sessions of their own, so that Ctrl-C reaches only us and we stop them in order. The price: kill -9 of
// this process would leave them running. So a shell (1 MB, POSIX) watches over us.
const SCRIPT = fileURLToPath(new URL('./end-children-when-this-process-dies.sh', import.meta.url));

let guard: ChildProcess | undefined;

function startGuard(): ChildProcess {
  const shell = spawn('/bin/sh', [SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
  // It outlives us on purpose, and must never keep us alive.
  shell.unref();
  (shell.stdin as Socket).unref();
  shell.stdin?.on('error', () => {});
  return shell;
}

/** Has `child` ended with `signal` should this process die without stopping it, by kill -9 too. */
export function endWhenThisProcessDies(child: ChildProcess, signal: 'SIGTERM' | 'SIGINT'): void {
  guard ??= startGuard();
  const pipe = guard.stdin;
  pipe?.write(`+ ${signal.slice(3)} ${child.pid}\n`);
  // A pid that is free again may soon be a stranger's.
  child.once('exit', () => pipe?.write(`- ${child.pid}\n`));
}
