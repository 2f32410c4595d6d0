import { expect, test } from 'vitest';
import { oneBatchPerOwner } from './one-batch-per-owner.ts';
import type { Question } from './question.ts';

const question = (text: string): Question<string> => ({
  text,
  script: 'page',
  args: [],
  read: () => text,
  answer: () => text,
});

/** Batches wait here until a test lets them go. */
function heldBatches() {
  const batches: { ownerId: string; texts: string[]; finish: (error?: Error) => void }[] = [];
  const ask = oneBatchPerOwner(async (ownerId, questions) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const texts = [...questions.keys()];
    batches.push({ ownerId, texts, finish: (error) => (error ? reject(error) : resolve()) });
    await promise;
    return new Map(texts.map((text) => [text, `${text} in batch ${batches.length}`]));
  });
  return { ask, batches };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('who asks while a batch is under way goes with the next one, all together, the same question once', async () => {
  const { ask, batches } = heldBatches();
  const first = ask('ann', question('a'));
  await settle();
  const later = [ask('ann', question('a')), ask('ann', question('a')), ask('ann', question('b'))];
  await settle();
  expect(batches).toHaveLength(1);
  batches[0]!.finish();
  expect(await first).toBe('a in batch 1');
  await settle();
  expect(batches[1]!.texts).toEqual(['a', 'b']);
  batches[1]!.finish();
  expect(await Promise.all(later)).toEqual(['a in batch 2', 'a in batch 2', 'b in batch 2']);
});

test('owners do not wait for each other', async () => {
  const { ask, batches } = heldBatches();
  void ask('ann', question('a'));
  const bobs = ask('bob', question('a'));
  await settle();
  batches.find((batch) => batch.ownerId === 'bob')!.finish();
  await expect(bobs).resolves.toMatch('a in batch');
});

test('a batch that fails fails its own questions and no others', async () => {
  const { ask, batches } = heldBatches();
  const first = ask('ann', question('a'));
  await settle();
  const second = ask('ann', question('a'));
  batches[0]!.finish(new Error('lost'));
  await expect(first).rejects.toThrow('lost');
  await settle();
  batches[1]!.finish();
  await expect(second).resolves.toBe('a in batch 2');
});
