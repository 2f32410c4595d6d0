/**
 * A clock in ms since 1970 with a resolution of microseconds, to be compared with those of other processes of this
 * machine. Set anew at each call, since the system's clock is adjusted while a process runs.
 */
export function startWallClock(): () => number {
  const before = Date.now();
  let now = before;
  // At the moment it ticks, a clock of whole milliseconds is exact.
  while (now === before) now = Date.now();
  const offset = now - performance.now();
  return () => offset + performance.now();
}
