import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let ticksPerSecond: number | undefined;

/**
 * CPU time that a process has used so far, user and system, in ms, to the clock tick (10 ms on Linux). From
 * /proc/<pid>/stat (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html): throws where there is no /proc.
 */
export function readCpuTimeMs(pid: number): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  const [userTicks, systemTicks] = fieldsAfterName(pid).slice(11, 13).map(Number) as [number, number];
  return ((userTicks + systemTicks) * 1000) / ticksPerSecond;
}

/** Resident memory of a process in KB. */
export function readMemoryKb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]);
}

/** The command's name stands in brackets and may hold spaces and brackets itself. */
function fieldsAfterName(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
