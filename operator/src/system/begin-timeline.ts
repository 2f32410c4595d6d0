import { answerOf } from '@kith/local';
import type { ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const BEGIN_TIMELINE_HELP = `kith timeline new [--json]

For after the friend service's database was restored from a backup: from then on its revisions count other changes than
before. Every list that is open, and every client that comes back, gets a fresh snapshot (CURSOR_INVALID), and no list in
Redis from the time that was lost is used again. Running processes need no restart. Afterwards \`kith events reconcile
--repair\` brings the stream and the copies of profiles back in step.`;

/** `kith timeline new`. */
export async function beginTimeline(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, BEGIN_TIMELINE_HELP, {});
  const began = await answerOf<{ timeline: string; knownEverywhereWithinMs: number }>(
    await findRunningSystem(),
    'friend',
    '/operator/timeline',
    {},
  );
  if (values.json) process.stdout.write(`${JSON.stringify(began)}\n`);
  else {
    process.stdout.write(
      `Timeline ${began.timeline} has begun: every process counts in it within ${began.knownEverywhereWithinMs} ms.\n`,
    );
  }
  return 0;
}
