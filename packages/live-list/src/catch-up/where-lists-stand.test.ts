import { expect, test } from 'vitest';
import { aShelf, cursorAt, cursors, idOf, OWNER } from '../testing/list-in-memory.ts';
import { MOST_LISTS_ASKED_FOR, whereListsStand } from './where-lists-stand.ts';

const { history } = aShelf(3, 7);

test('where lists stand is answered in the order of the owners, and for each as often as it was asked', async () => {
  const stands = whereListsStand({ cursors, history }, { owners: [idOf(2), OWNER, OWNER] });
  expect(await stands.revisions()).toEqual([0, 7, 7]);
});

test.each([
  ['that is current', cursorAt(7), 7],
  ['that is behind', cursorAt(6), null],
  ['from the future', cursorAt(8), null],
  ['from inside a snapshot', cursorAt(7, { complete: false }), null],
  ['of another timeline', cursorAt(7, { timeline: idOf(98) }), null],
  ['of another owner', cursorAt(7, { ownerId: idOf(2) }), null],
  ['that nobody wrote', 'nonsense', null],
  ['that is none', null, null],
])('of a list with a cursor %s', async (_what, cursor, answer) => {
  const stands = whereListsStand({ cursors, history }, { owners: [OWNER], cursors: [cursor] });
  expect(await stands.unchanged()).toEqual([answer]);
});

test('who may watch is asked in one question, and without one it is the owner alone', async () => {
  const asked = { owners: [OWNER, OWNER], viewers: [OWNER, idOf(2)] };
  expect(await whereListsStand({ cursors, history }, asked).mayWatch()).toEqual([true, false]);
  const questions: unknown[] = [];
  const mayWatch = async (pairs: readonly { viewerId: string }[]) => {
    questions.push(pairs);
    return pairs.map(({ viewerId }) => viewerId === idOf(2));
  };
  expect(await whereListsStand({ cursors, history, mayWatch }, asked).mayWatch()).toEqual([false, true]);
  expect(questions).toHaveLength(1);
});

test.each([
  ['owners', { owners: Array.from({ length: MOST_LISTS_ASKED_FOR + 1 }, () => OWNER) }],
  ['cursors', { owners: [OWNER], cursors: [] }],
  ['viewers', { owners: [OWNER], viewers: [OWNER, OWNER] }],
])('a question whose %s are too many or too few is refused, by the name of the field', (field, asked) => {
  expect(() => whereListsStand({ cursors, history }, asked)).toThrow(
    expect.objectContaining({ code: 'BAD_STANDS_QUESTION', field }),
  );
});

test('what was not handed over is not answered with a guess', async () => {
  const stands = whereListsStand({ cursors, history }, { owners: [OWNER] });
  await expect((async () => stands.unchanged())()).rejects.toThrow('cursors');
  await expect(stands.mayWatch()).rejects.toThrow('viewers');
});
