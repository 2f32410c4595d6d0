import { resolve } from 'node:path';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { oneOfOrAll, readArguments } from '../running-system/read-arguments.ts';
import { type Progress, showProgress } from '../running-system/show-progress.ts';
import { exitCodeOf, type StopSignal, whenStopped } from '../running-system/stop-when-asked.ts';
import { describeImport, type Summary } from './describe-import.ts';
import { type Imported, importInBatches, nothingImported } from './import-in-batches.ts';
import { importIntoEmptySystem } from './import-into-empty-system.ts';
import type { IdKind } from './read-edge-list-line.ts';
import { type Survey, surveyEdgeList } from './survey-edge-list.ts';
import { timeLeft } from './time-left.ts';

const ID_KINDS = ['numbers', 'names'] as const satisfies readonly IdKind[];

export const IMPORT_HELP = `kith import FILE --password TEXT [--ids ${ID_KINDS.join('|')}] [--initial] [--strict] [--json]

Reads an edge list (a file of UTF-8: two ids a line, # comments, plain or gzip; weights and time stamps behind them are
ignored; it is read twice, so no pipe), makes a user for each id that has none yet, and makes friends of each pair. It can be
stopped and run again: what is there already is left as it is. However it ends, it says how far it came.

  --password TEXT  everybody's, 8 to 128 characters
  --ids KIND       numbers: the user of 7 is n7; names: the user of Ann-Lee is ann_lee, with the nickname Ann-Lee (numbers)
  --initial        into a system where nobody has a friend yet: all friendships at once or none, many times as fast; one
                   event for each list in place of one for each friendship
  --strict         a bad line ends the import before anything is written; without it, it is reported and skipped
  --json           one JSON object at the end, nothing else`;

/** `kith import`. */
export async function importEdgeList(args: readonly string[]): Promise<ExitCode> {
  const { from, password, initial, strict, json } = readCall(args);
  const startedAtMs = performance.now();
  const survey = await surveyEdgeList(from);
  if (!json) tellOfLines(from.file, survey);
  refuseWhatIsNoList(from.file, survey, strict);

  const access = await findRunningSystem();
  const soFar = nothingImported();
  const progress = showProgress({ json });
  const onProgress = () => showHowFar(progress, survey, soFar);
  const tell = (how: Pick<Summary, 'stopped'>): void => {
    progress.end();
    const summary = summaryOf(survey, soFar, { startedAtMs, ...how });
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else describeImport(from.file, summary);
  };
  const stopping = new AbortController();
  let working: Promise<unknown> = Promise.resolve();
  let stoppedBy: StopSignal | undefined;
  const notStopped = whenStopped(async (signal) => {
    stoppedBy = signal;
    stopping.abort();
    await working.catch(() => {});
    tell({ stopped: signal });
    return exitCodeOf(signal);
  });
  onProgress();
  const importAll = initial ? importIntoEmptySystem : importInBatches;
  working = importAll(access, from, survey, { password, soFar, signal: stopping.signal, onProgress });
  try {
    await working;
  } catch (error) {
    if (stoppedBy) return exitCodeOf(stoppedBy);
    notStopped();
    const { code = 'INTERNAL_ERROR', message } = error as Error & { code?: string };
    if (json) progress.end();
    else tell({});
    // What was done is done: whoever called it learns how much that is.
    const found = json ? summaryOf(survey, soFar, { startedAtMs }) : {};
    throw new CommandFailed(`${message} The import can be run again.`, { code, found, cause: error });
  }
  if (stoppedBy) return exitCodeOf(stoppedBy);
  notStopped();
  tell({});
  return soFar.friendships.failedCount > 0 ? 1 : 0;
}

function readCall(args: readonly string[]) {
  const options = {
    password: { type: 'string' },
    ids: { type: 'string' },
    initial: { type: 'boolean' },
    strict: { type: 'boolean' },
  } as const;
  const words = { least: 1, most: 1, called: 'FILE' };
  const { values, positionals } = readArguments(args, IMPORT_HELP, options, words);
  const [file] = positionals as [string];
  const [ids] = oneOfOrAll('--ids', values.ids, ID_KINDS, IMPORT_HELP) as [IdKind];
  const { password = '' } = values;
  // Counted as the user service does: in characters, of the form that is hashed.
  const characters = [...password.normalize('NFKC')].length;
  if (characters < 8 || characters > 128) {
    throw new UsedWrongly(
      '--password is needed, with 8 to 128 characters: everybody who is imported signs in with it.',
    );
  }
  // pnpm runs scripts in the workspace's folder; a relative path is resolved from where the command was called.
  const path = resolve(process.env.INIT_CWD ?? process.cwd(), file);
  const { initial = false, strict = false, json = false } = values;
  return { from: { file: path, ids }, password, initial, strict, json };
}

function tellOfLines(file: string, { badLines, badCount, ignored }: Survey): void {
  for (const { line, reason } of badLines) process.stderr.write(`${file}:${line}: ${reason}\n`);
  if (badCount > badLines.length) process.stderr.write(`… and ${badCount - badLines.length} more bad lines\n`);
  if (ignored === undefined) return;
  const { lineCount, firstLine, text } = ignored;
  const lines = lineCount === 1 ? 'one line' : `${lineCount.toLocaleString('en')} lines`;
  process.stderr.write(`${file}:${firstLine}: "${text}" behind the two ids is ignored, and the like in ${lines}.\n`);
}

function refuseWhatIsNoList(file: string, { edgeCount, badCount, badLines }: Survey, strict: boolean): void {
  const found = { badLineCount: badCount, badLines };
  if (edgeCount === 0) {
    const why =
      badCount > 0 ? `No line of ${file} is an edge (two ids)` : `${file} is empty: it has no line with two ids`;
    throw new CommandFailed(`${why}: nothing was imported.`, { code: 'NO_EDGES', found });
  }
  if (!strict || badCount === 0) return;
  const message = `${badCount} bad ${badCount === 1 ? 'line' : 'lines'} in ${file}: nothing was imported.`;
  throw new CommandFailed(message, { code: 'BAD_LINES', found });
}

function showHowFar(progress: Progress, survey: Survey, soFar: Imported): void {
  const { users, friendships, lists, friendshipsFromMs } = soFar;
  if (friendshipsFromMs === undefined) progress.show('Users', users.done, survey.people.size);
  else if (lists && lists.done > 0) progress.show('Lists', lists.done, lists.total);
  else {
    const perSecond = rate(friendships.done, friendshipsFromMs);
    const left = timeLeft(survey.edgeCount - friendships.done, perSecond);
    const rest = `· ${perSecond.toLocaleString('en')}/s${left && ` · ${left} left`}`;
    progress.show('Friendships', friendships.done, survey.edgeCount, rest);
  }
}

const rate = (done: number, fromMs: number | undefined) =>
  fromMs === undefined ? 0 : Math.round((1_000 * done) / Math.max(1, performance.now() - fromMs));

function summaryOf(
  { people, edgeCount, badCount, badLines, ignored }: Survey,
  { users, friendships: { done, ...counts }, failed, friendshipsFromMs }: Imported,
  { startedAtMs, ...how }: { startedAtMs: number } & Pick<Summary, 'stopped'>,
): Summary {
  return {
    users: { total: people.size, created: users.created },
    friendships: { lines: edgeCount, ...counts },
    seconds: Math.round((performance.now() - startedAtMs) / 100) / 10,
    friendshipsPerSecond: rate(done, friendshipsFromMs),
    badLineCount: badCount,
    ...(ignored && { ignored }),
    badLines,
    failed,
    ...how,
  };
}
