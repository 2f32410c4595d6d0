import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

// Children run in their own sessions, so that Ctrl-C reaches only us and we stop them in order. The price: kill -9 of
// this process would leave them running. So a shell (1 MB, POSIX) reads "+ SIGNAL PID" and "- PID" from a pipe that only
// we hold; when the pipe ends, however we died, it ends what is still on its list: politely, and after 5 s with KILL.
const GUARD = `
trap '' INT TERM HUP
watched=''
while read -r op first second; do
  if [ "$op" = '+' ]; then watched="$watched $first:$second"; continue; fi
  rest=''
  for entry in $watched; do [ "\${entry#*:}" = "$first" ] || rest="$rest $entry"; done
  watched="$rest"
done
for entry in $watched; do kill -s "\${entry%%:*}" "\${entry#*:}" 2>/dev/null; done
tries=0
while [ $tries -lt 50 ]; do
  alive=''
  for entry in $watched; do kill -0 "\${entry#*:}" 2>/dev/null && alive="$alive \${entry#*:}"; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
kill -s KILL $alive 2>/dev/null
`;

let guard: ChildProcess | undefined;

function startGuard(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'kith-guard'], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  // The guard outlives us on purpose, and must never keep us alive.
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
