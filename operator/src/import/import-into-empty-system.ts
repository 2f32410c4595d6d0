import {
  beginInitialImport,
  finishInitialImport,
  INITIAL_PORTION,
  type InitialPair,
  type OperatorAccess,
  stageInitialPairs,
} from '@kith/local';
import { type ImportOptions, makeUsers, withRetries } from './import-in-batches.ts';
import { usernameOf } from './read-edge-list-line.ts';
import { type EdgeListFile, edgesOf, type Survey } from './survey-edge-list.ts';

/**
 * Second pass of `--initial`: makes the users, sends all pairs, and has the service make friends of them, all or none.
 * It begins anew each time: what an import before it has sent is forgotten, and users who are there stay.
 *
 * @param options `signal`: aborted, nothing more is sent; it resolves without a friendship, or with all of them when
 *   the service had all pairs already
 */
export async function importIntoEmptySystem(
  access: OperatorAccess,
  from: EdgeListFile,
  survey: Survey,
  options: ImportOptions,
): Promise<void> {
  const { soFar, signal, onProgress } = options;
  const importId = await withRetries(() => beginInitialImport(access), signal);
  const userIds = await makeUsers(access, from, survey, options);
  if (signal.aborted) return;
  soFar.friendshipsFromMs = performance.now();
  const idOf = (id: string) => userIds.get(usernameOf(id, from.ids)) ?? '';
  let portion: InitialPair[] = [];
  const send = async () => {
    const pairs = portion;
    portion = [];
    await withRetries(() => stageInitialPairs(access, importId, pairs), signal);
    soFar.friendships.done += pairs.length;
    onProgress();
  };
  for await (const parsed of edgesOf(from, survey.people)) {
    if (signal.aborted) return;
    if (parsed.kind === 'bad') continue;
    portion.push([parsed.line, idOf(parsed.a), idOf(parsed.b)]);
    if (portion.length === INITIAL_PORTION) await send();
  }
  if (portion.length > 0) await send();
  if (signal.aborted) return;
  const whole = { importId, pairs: soFar.friendships.done };
  const { failed, ...counts } = await finishInitialImport(access, whole, (done, total) => {
    soFar.lists = { done, total };
    onProgress();
  });
  Object.assign(soFar.friendships, counts);
  soFar.failed.push(...failed);
}
