import type { HeardAnnouncement } from '@kith/event-contracts';
import { createLog } from '@kith/service-kit';
import { expect, test } from 'vitest';
import type { Watching } from './list-source.ts';
import { recheckWatchers } from './recheck-watchers.ts';

const heard = (revision: number, recheck = false): HeardAnnouncement => ({
  ...{ timeline: 't', recheck, change: { __typename: 'X', cursor: String(revision), revision } },
});

/** Watchers of one list, a service in hand that says who may, and what is handed over. */
function aList(...viewers: string[]) {
  const handed: number[] = [];
  const refused: string[] = [];
  const questions: { watching: readonly Watching[]; answer: PromiseWithResolvers<readonly boolean[]> }[] = [];
  let doubts = 0;
  const rechecking = recheckWatchers({
    owner: 'o',
    mayWatch(watching) {
      const answer = Promise.withResolvers<readonly boolean[]>();
      questions.push({ watching, answer });
      return answer.promise;
    },
    hand: ({ change }) => void handed.push(change.revision),
    doubt: () => {
      doubts += 1;
    },
    log: createLog({ name: 'test', level: 'silent' }),
  });
  for (const viewerId of viewers) {
    const watcher = rechecking.add({
      viewerId,
      refuse() {
        refused.push(viewerId);
        watcher.stop();
      },
    });
  }
  return {
    ...{ handed, refused, questions },
    doubts: () => doubts,
    hear(announcement: HeardAnnouncement) {
      if (rechecking.holds(announcement)) rechecking.hold(announcement, 1);
      else handed.push(announcement.change.revision);
    },
    async answer(at: number, ...mayNot: string[]) {
      const { watching, answer } = questions[at]!;
      answer.resolve(watching.map(({ viewerId }) => !mayNot.includes(viewerId)));
      await new Promise(setImmediate);
    },
  };
}

test('a change after which somebody may watch no longer, and what follows, waits for who may', async () => {
  const list = aList('ann', 'bob', 'ann');
  list.hear(heard(1));
  list.hear(heard(2, true));
  list.hear(heard(3));
  expect([list.handed, list.questions.map(({ watching }) => watching.map((each) => each.viewerId))]).toEqual([
    [1],
    [['ann', 'bob']],
  ]);
  await list.answer(0, 'bob');
  expect([list.handed, list.refused, list.doubts()]).toEqual([[1, 2, 3], ['bob'], 0]);
  list.hear(heard(4));
  expect(list.handed).toEqual([1, 2, 3, 4]);
});

test('a second such change while the first is asked about is asked about as well', async () => {
  const list = aList('ann', 'bob');
  list.hear(heard(1, true));
  list.hear(heard(2, true));
  await list.answer(0);
  expect([list.handed, list.questions.length]).toEqual([[], 2]);
  await list.answer(1, 'ann');
  expect([list.handed, list.refused]).toEqual([[1, 2], ['ann']]);
});

test('when it cannot be told who may, nobody is handed anything, and everybody asks for themselves', async () => {
  const list = aList('ann');
  list.hear(heard(1, true));
  list.hear(heard(2));
  list.questions[0]!.answer.reject(new Error('away'));
  await new Promise(setImmediate);
  expect([list.handed, list.doubts()]).toEqual([[], 1]);
  list.hear(heard(3));
  expect(list.handed).toEqual([3]);
});

test('more than can wait is let go, and a late answer hands nothing over twice', async () => {
  const list = aList('ann');
  list.hear(heard(1, true));
  for (let revision = 2; revision <= 210; revision += 1) list.hear(heard(revision));
  expect(list.doubts()).toBe(1);
  const before = [...list.handed];
  await list.answer(0);
  expect(list.handed).toEqual(before);
});

test('a list that is its viewers’ own waits for nothing', () => {
  const list = aList();
  list.hear(heard(1, true));
  expect([list.handed, list.questions.length]).toEqual([[1], 0]);
});
