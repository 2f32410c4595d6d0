import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { BATCH_SIZE, importFriendships, importUsers, type OperatorAccess, OperatorCallFailed } from '@kith/local';
import { CommandFailed, type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { showProgress } from '../running-system/show-progress.ts';
import { NoEdgeList, readEdgeList } from './read-edge-list.ts';

export const IMPORT_HELP = `kith import FILE --password TEXT [--strict] [--json]

Reads an edge list (a file of UTF-8: two ids a line, # comments, plain or gzip; it is read twice, so no pipe), makes a user n<id> for each id that has none yet, and
makes friends of each pair. It can be stopped and run again: what is there already is left as it is.

  --password TEXT  everybody's, 8 to 128 characters
  --strict         a bad line ends the import before anything is written; without it, it is reported and skipped
  --json           one JSON object at the end, nothing else`;

/** Two at once keep the service busy while this process prepares the next; more only queue up in the database. */
const BATCHES_AT_ONCE = 2;
const MAX_TRIES = 6;
const MOST_REPORTED = 100;

type BadLine = { line: number; reason: string };
type Edge = { line: number; a: string; b: string };

/** `kith import`. */
export async function importEdgeList(args: readonly string[]): Promise<ExitCode> {
  const { file, password, strict, json } = readArguments(args);
  const progress = showProgress();
  const startedAt = performance.now();

  const badLines: BadLine[] = [];
  const { ids, edgeCount, badCount } = await surveyed(file, (bad) => {
    if (badLines.length < MOST_REPORTED) badLines.push(bad);
  });
  if (!json) for (const bad of badLines) process.stderr.write(`${file}:${bad.line}: ${bad.reason}\n`);
  if (badCount > badLines.length && !json) process.stderr.write(`… and ${badCount - badLines.length} more bad lines\n`);
  if (edgeCount === 0 && badCount > 0) {
    const message = `No line of ${file} is an edge (two ids, digits only): nothing was imported.`;
    throw new CommandFailed(message, { code: 'NO_EDGES', found: { badLineCount: badCount, badLines } });
  }
  if (strict && badCount > 0) {
    const message = `${badCount} bad ${badCount === 1 ? 'line' : 'lines'} in ${file}: nothing was imported.`;
    throw new CommandFailed(message, { code: 'BAD_LINES', found: { badLineCount: badCount, badLines } });
  }

  const access = await findRunningSystem();
  const { userIds, created } = await importAllUsers(access, ids, password, (done) =>
    progress.show('Users', done, ids.length),
  );
  const friendshipsFrom = performance.now();
  const totals = { bound: 0, existing: 0, failedCount: 0 };
  const failed: { line: number; code: string; message: string }[] = [];
  let done = 0;
  await eachAtOnce(BATCHES_AT_ONCE, batches(file), async (batch) => {
    const pairs = batch.map(({ a, b }) => [userIds.get(a) ?? '', userIds.get(b) ?? ''] as const);
    const result = await withRetries(() => importFriendships(access, pairs));
    totals.bound += result.bound;
    totals.existing += result.existing;
    totals.failedCount += result.failed.length;
    for (const { index, code, message } of result.failed) {
      if (failed.length < MOST_REPORTED) failed.push({ line: batch[index]?.line ?? 0, code, message });
    }
    done += batch.length;
    const seconds = (performance.now() - friendshipsFrom) / 1000;
    progress.show('Friendships', done, edgeCount, `· ${Math.round(done / seconds).toLocaleString('en')}/s`);
  });
  progress.clear();

  const seconds = (performance.now() - friendshipsFrom) / 1000;
  const summary = {
    users: { total: ids.length, created },
    friendships: { lines: edgeCount, ...totals },
    seconds: round((performance.now() - startedAt) / 1000),
    friendshipsPerSecond: Math.round(done / seconds),
    badLineCount: badCount,
  };
  if (json) print({ ...summary, badLines, failed });
  else describe(file, summary, failed);
  return totals.failedCount > 0 ? 1 : 0;
}

function readArguments(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { password: { type: 'string' }, strict: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsedWrongly(IMPORT_HELP);
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
  return { file: path, password, strict: values.strict ?? false, json: values.json ?? false };
}

/**
 * First pass: the ids in order of appearance, and how many lines are edges. Nothing is written before it is complete.
 */
async function surveyed(file: string, onBad: (bad: BadLine) => void) {
  const ids = new Set<string>();
  let edgeCount = 0;
  let badCount = 0;
  try {
    for await (const parsed of readEdgeList(file)) {
      if (parsed.kind === 'bad') {
        badCount += 1;
        onBad({ line: parsed.line, reason: parsed.reason });
        continue;
      }
      edgeCount += 1;
      ids.add(parsed.a).add(parsed.b);
    }
  } catch (error) {
    if (error instanceof NoEdgeList) throw new UsedWrongly(`${file} ${error.message}`);
    throw new CommandFailed(`${file} cannot be read: ${(error as Error).message}.`, { cause: error });
  }
  return { ids: [...ids], edgeCount, badCount };
}

async function importAllUsers(
  access: OperatorAccess,
  ids: readonly string[],
  password: string,
  onProgress: (done: number) => void,
): Promise<{ userIds: Map<string, string>; created: number }> {
  const userIds = new Map<string, string>();
  let created = 0;
  for (let from = 0; from < ids.length; from += BATCH_SIZE) {
    const usernames = ids.slice(from, from + BATCH_SIZE).map((id) => `n${id}`);
    const result = await withRetries(() => importUsers(access, { usernames, password }));
    created += result.created;
    for (const { username, id } of result.users) userIds.set(username.slice(1), id);
    onProgress(Math.min(from + BATCH_SIZE, ids.length));
  }
  return { userIds, created };
}

/** Second pass: the edges in batches, a pair at most once in each. */
async function* batches(file: string): AsyncGenerator<Edge[]> {
  let batch = new Map<string, Edge>();
  for await (const parsed of readEdgeList(file)) {
    if (parsed.kind === 'bad') continue;
    const { a, b, line } = parsed;
    batch.set(a < b ? `${a} ${b}` : `${b} ${a}`, { a, b, line });
    if (batch.size === BATCH_SIZE) {
      yield [...batch.values()];
      batch = new Map();
    }
  }
  if (batch.size > 0) yield [...batch.values()];
}

/** Runs `work` on each item, at most `limit` at once; the first failure ends it. */
async function eachAtOnce<T>(limit: number, items: AsyncGenerator<T>, work: (item: T) => Promise<void>): Promise<void> {
  const worker = async () => {
    // A generator answers calls of next() one after the other, so the workers can share it.
    for (let item = await items.next(); !item.done; item = await items.next()) await work(item.value);
  };
  const workers = Array.from({ length: limit }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    await items.return(undefined);
    await Promise.allSettled(workers);
    throw error;
  }
}

/** A service that is just being restarted does not end an import: every call can be repeated. */
async function withRetries<T>(call: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await call();
    } catch (error) {
      const mayPass = error instanceof OperatorCallFailed && error.code === 'SERVICE_UNAVAILABLE';
      if (!mayPass || tried === MAX_TRIES) throw error;
      await delay(250 * 2 ** tried);
    }
  }
}

function describe(
  file: string,
  summary: {
    users: { total: number; created: number };
    friendships: { lines: number; bound: number; existing: number; failedCount: number };
    seconds: number;
    friendshipsPerSecond: number;
    badLineCount: number;
  },
  failed: readonly { line: number; code: string; message: string }[],
): void {
  for (const { line, code, message } of failed) process.stderr.write(`${file}:${line}: ${code}: ${message}\n`);
  const { users, friendships, seconds, friendshipsPerSecond, badLineCount } = summary;
  const n = (value: number) => value.toLocaleString('en');
  process.stdout.write(
    `${[
      `users         ${n(users.total)}, of them new: ${n(users.created)}`,
      `friendships   ${n(friendships.bound + friendships.existing)}, of them new: ${n(friendships.bound)}; failed: ${n(friendships.failedCount)}`,
      `bad lines     ${n(badLineCount)}`,
      `time          ${seconds} s, ${n(friendshipsPerSecond)} friendships/s`,
    ].join('\n')}\n`,
  );
}

const round = (value: number) => Math.round(value * 10) / 10;
const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
