import { setTimeout as delay } from 'node:timers/promises';
import { BATCH_SIZE, importFriendships, importUsers, type OperatorAccess, OperatorCallFailed } from '@kith/local';
import { adaptBatchSize, type BatchSize } from './adapt-batch-size.ts';
import { usernameOf } from './read-edge-list-line.ts';
import { type EdgeListFile, edgesOf, type Survey } from './survey-edge-list.ts';

/** Two at once keep the service busy while this process prepares the next; more only queue up in the database. */
const BATCHES_AT_ONCE = 2;
const MAX_TRIES = 6;
/** Friendships of one batch are one transaction: what it holds, others wait for. */
const FRIENDSHIPS = { most: BATCH_SIZE, least: 50, aimMs: 1_500 };
const MOST_REPORTED = 100;

/** How far an import has come. */
export type Imported = {
  users: { done: number; created: number };
  friendships: { done: number; bound: number; existing: number; failedCount: number };
  /** The first of those that failed. */
  failed: { line: number; code: string; message: string }[];
  /** Of an initial import, which writes list by list. */
  lists?: { done: number; total: number };
  /** When the first friendship was sent, in ms as `performance.now()` counts them. */
  friendshipsFromMs?: number;
};

export const nothingImported = (): Imported => ({
  users: { done: 0, created: 0 },
  friendships: { done: 0, bound: 0, existing: 0, failedCount: 0 },
  failed: [],
});

export type ImportOptions = { password: string; soFar: Imported; signal: AbortSignal; onProgress: () => void };

type Edge = { line: number; a: string; b: string };

/**
 * Second pass: makes the users and then the friendships, batch by batch, and counts them in `so far`. Every call can be
 * repeated, and so can all of it.
 *
 * @param options `signal`: aborted, no further batch is begun; it resolves when those that were begun are answered
 */
export async function importInBatches(
  access: OperatorAccess,
  from: EdgeListFile,
  survey: Survey,
  options: ImportOptions,
): Promise<void> {
  const { soFar, signal, onProgress } = options;
  const userIds = await makeUsers(access, from, survey, options);
  if (signal.aborted) return;
  soFar.friendshipsFromMs = performance.now();
  const idOf = (id: string) => userIds.get(usernameOf(id, from.ids)) ?? '';
  const size = adaptBatchSize(FRIENDSHIPS);
  await eachAtOnce(BATCHES_AT_ONCE, batches(from, survey, size, signal), async (batch) => {
    const pairs = batch.map(({ a, b }) => [idOf(a), idOf(b)] as const);
    const sentAt = performance.now();
    const result = await withRetries(() => importFriendships(access, pairs), signal, size.refused);
    size.took(performance.now() - sentAt);
    const { friendships, failed } = soFar;
    friendships.bound += result.bound;
    friendships.existing += result.existing;
    friendships.failedCount += result.failed.length;
    for (const { index, code, message } of result.failed) {
      if (failed.length < MOST_REPORTED) failed.push({ line: batch[index]?.line ?? 0, code, message });
    }
    friendships.done += batch.length;
    onProgress();
  });
}

/** The users of all people, made where there is none yet; resolves to their ids by username. */
export async function makeUsers(
  access: OperatorAccess,
  from: EdgeListFile,
  survey: Survey,
  { password, soFar, signal, onProgress }: ImportOptions,
): Promise<ReadonlyMap<string, string>> {
  const userIds = new Map<string, string>();
  const people = [...survey.people];
  for (let at = 0; at < people.length && !signal.aborted; at += BATCH_SIZE) {
    const batch = people.slice(at, at + BATCH_SIZE);
    const usernames = batch.map(([username]) => username);
    const nicknames = from.ids === 'names' ? { nicknames: batch.map(([, id]) => id) } : {};
    const result = await withRetries(() => importUsers(access, { usernames, ...nicknames, password }), signal);
    soFar.users.created += result.created;
    soFar.users.done += batch.length;
    for (const { username, id } of result.users) userIds.set(username, id);
    onProgress();
  }
  return userIds;
}

/** The edges in batches, a pair at most once in each. */
async function* batches(
  from: EdgeListFile,
  { people }: Survey,
  size: BatchSize,
  signal: AbortSignal,
): AsyncGenerator<Edge[]> {
  let batch = new Map<string, Edge>();
  for await (const parsed of edgesOf(from, people)) {
    if (signal.aborted) return;
    if (parsed.kind === 'bad') continue;
    const { a, b, line } = parsed;
    const [one, other] = [a, b].map((id) => usernameOf(id, from.ids)).sort();
    batch.set(`${one} ${other}`, { a, b, line });
    if (batch.size >= size.next) {
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
export async function withRetries<T>(call: () => Promise<T>, signal: AbortSignal, onRefused = () => {}): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await call();
    } catch (error) {
      const mayPass = error instanceof OperatorCallFailed && error.code === 'SERVICE_UNAVAILABLE';
      if (!mayPass || tried === MAX_TRIES || signal.aborted) throw error;
      onRefused();
      await delay(250 * 2 ** tried);
    }
  }
}
