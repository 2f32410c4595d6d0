import { statfs } from 'node:fs/promises';
import { ChildDidNotStart, SetupProblem } from '@kith/local-servers';
import { StepTooSlow } from './keep-time.ts';

const IN_WORDS: Readonly<Record<string, string>> = {
  ENOSPC: 'its disk is full, so make room',
  EDQUOT: 'your quota is used up, so make room',
  EROFS: 'its disk is read-only',
  EACCES: 'you have no right to',
  EPERM: 'you have no right to',
  EIO: 'its disk fails',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
};

/** Postgres makes files of 16 MiB, and initialises itself with 40. */
const LITTLE_ROOM_BYTES = 32 * 1024 * 1024;

/**
 * One sentence for what an operator can fix; the stack for what only a programmer can.
 *
 * @param writesTo the folder on whose disk everything is kept: little room there is told before what came of it
 */
export async function explain(error: unknown, writesTo?: string): Promise<string> {
  const leftBytes = writesTo === undefined || error instanceof StepTooSlow ? undefined : await roomLeft(writesTo);
  if (leftBytes !== undefined && leftBytes < LITTLE_ROOM_BYTES) {
    const left = `${(leftBytes / 1_000_000).toFixed(0)} MB`;
    const [what] = (error as Error).message.split('\n');
    return `The disk of ${writesTo} is nearly full, ${left} are left: make room there, or set KITH_DATA to a folder on another disk (what failed: ${what}).`;
  }
  return explainItself(error);
}

function explainItself(error: unknown): string {
  if (error instanceof SetupProblem) return error.message;
  if (error instanceof ChildDidNotStart) return `${error.message}. The whole story is in ${error.logFile}.`;
  const { code, path, message, stack } = error as NodeJS.ErrnoException;
  // In the data folder: nothing else is written.
  if (code !== undefined && IN_WORDS[code] !== undefined) {
    return `${path ?? 'A file'} cannot be written (${code}): ${IN_WORDS[code]}, or set KITH_DATA to a folder that you may write to.`;
  }
  return error instanceof Error ? (stack ?? message) : String(error);
}

async function roomLeft(folder: string): Promise<number | undefined> {
  const found = await statfs(folder).catch(() => undefined);
  return found && found.bavail * found.bsize;
}
