import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Sends a signal to a Postgres and to its child processes, each of which leads a session of its own: a postmaster that
 * is stopped alone leaves its sessions and its replication at work.
 */
export function signalAllProcesses(postmaster: number, signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  // Stopped, it makes no more of them; killed first, it would have none any more, and those that are stopped would never end.
  send(postmaster, 'SIGSTOP');
  for (const pid of childrenOf(postmaster)) send(pid, signal);
  if (signal !== 'SIGSTOP') send(postmaster, signal);
}

export function childrenOf(pid: number): number[] {
  const list = `/proc/${pid}/task/${pid}/children`;
  try {
    const pids = existsSync(list) ? readFileSync(list, 'utf8') : execFileSync('pgrep', ['-P', `${pid}`]).toString();
    return pids.split(/\s+/).filter(Boolean).map(Number);
  } catch {
    // It has none, or has just ended.
    return [];
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}
