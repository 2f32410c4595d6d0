import { expect, test } from 'vitest';
import { askTogether } from './ask-together.ts';

test('the first is asked alone and at once, those who come meanwhile together, and each gets their own answer', async () => {
  const questions: number[][] = [];
  const ask = askTogether(async (asked: readonly number[]) => {
    questions.push([...asked]);
    await Promise.resolve();
    return asked.map((each) => each * 10);
  }, 3);
  expect(await Promise.all([1, 2, 3, 4, 5].map(ask))).toEqual([10, 20, 30, 40, 50]);
  expect(questions).toEqual([[1], [2, 3, 4], [5]]);
  expect(await ask(6)).toBe(60);
});

test('a question that fails fails for those who were part of it, and for nobody else', async () => {
  const ask = askTogether(async (asked: readonly string[]) => {
    if (asked.includes('bad')) throw new Error('refused');
    return asked;
  }, 2);
  const answers = await Promise.allSettled(['good', 'bad', 'unlucky', 'later'].map(ask));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  expect(await ask('after')).toBe('after');
});

test('a batch that is answered by fewer fails for those who were part of it (S17)', async () => {
  const ask = askTogether(async (asked: readonly string[]) => asked.filter((each) => each !== 'lost'), 2);
  const answers = await Promise.allSettled(['alone', 'lost', 'with it', 'later'].map(ask));
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
  await expect(ask('lost')).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', invariant: 'S17' });
});
