import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Identifies a process, even after its id was reused. */
export type ProcessMark = { pid: number; bornAt: string };

/** undefined: no such process. */
export function markOf(pid: number): ProcessMark | undefined {
  const bornAt = bornAtOf(pid);
  return bornAt === undefined ? undefined : { pid, bornAt };
}

/** Whether exactly the marked process still runs. */
export function stillRuns(mark: ProcessMark): boolean {
  return bornAtOf(mark.pid) === mark.bornAt;
}

/** The ancestors of `pid`, nearest first, with their command lines. */
export function ancestorsOf(pid: number): { mark: ProcessMark; commandLine: string }[] {
  const ancestors = [];
  for (let parent = parentOf(pid); parent !== undefined && parent > 1; parent = parentOf(parent)) {
    const mark = markOf(parent);
    if (mark === undefined) break;
    ancestors.push({ mark, commandLine: commandLineOf(parent) });
  }
  return ancestors;
}

// Linux has this in /proc, https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (a slim image has no `ps`);
// elsewhere `ps` does.
const hasProc = process.platform === 'linux';

function bornAtOf(pid: number): string | undefined {
  if (!hasProc) return psField(pid, 'lstart');
  const fields = procStat(pid);
  // A zombie has ended; only its parent has not reaped it yet.
  if (fields === undefined || fields[0] === 'Z') return undefined;
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${bootId} ${fields[19]}`;
}

function parentOf(pid: number): number | undefined {
  const parent = hasProc ? procStat(pid)?.[1] : psField(pid, 'ppid');
  return parent === undefined ? undefined : Number(parent);
}

function commandLineOf(pid: number): string {
  if (!hasProc) return psField(pid, 'args') ?? '';
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The fields of /proc/<pid>/stat after the command's name: state, parent, …, start time in clock ticks at index 19. */
function procStat(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}

function psField(pid: number, field: string): string | undefined {
  try {
    return execFileSync('ps', ['-o', `${field}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
