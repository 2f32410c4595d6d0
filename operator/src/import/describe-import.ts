import type { Imported } from './import-in-batches.ts';
import type { Survey } from './survey-edge-list.ts';

/** How far an import came; with `--json` as it is. */
export type Summary = {
  users: { total: number; created: number };
  friendships: { lines: number } & Omit<Imported['friendships'], 'done'>;
  seconds: number;
  friendshipsPerSecond: number;
  badLineCount: number;
  ignored?: NonNullable<Survey['ignored']>;
  badLines: Survey['badLines'];
  failed: Imported['failed'];
  /** The signal that ended it before all was done. */
  stopped?: string;
};

/** The same for people: what failed on stderr, how far it came on stdout. */
export function describeImport(file: string, summary: Summary): void {
  for (const { line, code, message } of summary.failed) process.stderr.write(`${file}:${line}: ${code}: ${message}\n`);
  const { users, friendships, seconds, friendshipsPerSecond, badLineCount, stopped } = summary;
  const n = (value: number) => value.toLocaleString('en');
  const lines = [
    `users         ${n(users.total)}, of them new: ${n(users.created)}`,
    `friendships   ${n(friendships.bound + friendships.existing)}, of them new: ${n(friendships.bound)}; failed: ${n(friendships.failedCount)}`,
    `bad lines     ${n(badLineCount)}`,
    `time          ${seconds} s, ${n(friendshipsPerSecond)} friendships/s`,
    ...(stopped ? [`stopped by ${stopped}, of ${n(friendships.lines)} friendships: run it again to go on.`] : []),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
