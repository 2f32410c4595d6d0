/**
 * Ends this process. Where something `hangs`, a file system that does not answer for example, a thread of Node may wait in it,
 * and an ordinary exit would wait for the thread: there another program takes the place of this process, and exits.
 */
export function leave(exitCode: number, { hangs = false } = {}): never {
  if (hangs) process.execve?.('/bin/sh', ['sh', '-c', `exit ${exitCode}`], {});
  return process.exit(exitCode);
}
