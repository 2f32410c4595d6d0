import { expect, test } from 'vitest';
import { AnswersInHand } from './answers-in-hand.ts';
import { answer, change, liveAt3, nothingNew, page, subscriber } from './testing/subscriber-in-hand.ts';

const part = (cursor: string, ...pages: ReturnType<typeof page>[]) => answer(pages, { cursor, hasMore: true });

test('a snapshot comes in parts, each asked for when the one before is taken, and what follows it after', async () => {
  const reader = subscriber();
  const first = reader.list.next();
  await reader.answers(part('part 2', page(5, false), page(5, false)));
  expect(await first).toMatchObject({ value: { revision: 5, complete: false } });
  await reader.settled();
  expect(reader.asked.map(({ cursor }) => cursor)).toEqual([null]);
  void reader.read();
  await reader.settled();
  expect(reader.asked.map(({ cursor }) => cursor)).toEqual([null, 'part 2']);
  // Whatever is announced meanwhile is newer than the snapshot.
  reader.announce(6);
  await reader.answers(part('part 3', page(5, false)));
  await reader.answers(answer([page(5, true)]));
  expect(reader.asked.at(-1)?.cursor).toBe('c5');
  reader.announce(7);
  await reader.answers(answer([change(6), change(7)]));
  expect(reader.taken).toEqual([5, 5, 5, 6, 7]);
  reader.announce(8);
  await reader.settled();
  expect([reader.taken.at(-1), reader.list.live, reader.asked.length]).toEqual([8, true, 4]);
});

test.each([
  ['another snapshot', [page(6, false)]],
  ['a change', [change(6)]],
  ['nothing', []],
])('a part that is %s is not handed over, and in the end the reader begins anew', async (_what, changes) => {
  const reader = subscriber();
  void reader.read();
  await reader.answers(part('part 2', page(5, false)));
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(reader.ends).toEqual([]);
    await reader.answers(answer(changes, { revision: 6, hasMore: true }));
    reader.pauses[attempt]?.resolve();
    await reader.settled();
  }
  expect([reader.taken, reader.ends]).toEqual([[5], ['The snapshot cannot be continued: subscribe again.']]);
});

test('a part that the store did not answer is asked for again', async () => {
  const reader = subscriber();
  void reader.read();
  await reader.answers(part('part 2', page(5, false)));
  await reader.answers(new Error('away'));
  reader.pauses[0]!.resolve();
  await reader.settled();
  expect(reader.asked.at(-1)?.cursor).toBe('part 2');
  await reader.answers(answer([page(5, true)]));
  await reader.answers(nothingNew(5));
  expect([reader.taken, reader.list.live]).toEqual([[5, 5], true]);
});

test('what all lists hold is bounded: the answer of whoever does not read goes, and is asked for again', async () => {
  const answersInHand = new AnswersInHand(150);
  const slow = subscriber('c3', { answersInHand });
  slow.list.take();
  await slow.answers({ ...answer([change(4), change(5)]), bytes: 100 });
  expect(slow.list.take()).toMatchObject({ revision: 4 });
  const other = subscriber('c3', { answersInHand });
  other.list.take();
  await other.answers({ ...answer([change(4), change(5)]), bytes: 100 });
  expect([answersInHand.bytes, slow.list.live]).toEqual([100, false]);
  expect(slow.asked).toHaveLength(1);

  // They read again, from where they were.
  void slow.read();
  await slow.settled();
  expect(slow.asked.at(-1)?.cursor).toBe('c4');
  await slow.answers({ ...answer([change(5)]), bytes: 50 });
  expect(slow.taken).toEqual([5]);
  void other.read();
  await other.settled();
  expect([other.taken, answersInHand.bytes]).toEqual([[4, 5], 0]);
});

test('whoever has had pages of a snapshot whose others went begins anew; who has had none is given one', async () => {
  const answersInHand = new AnswersInHand(150);
  const [begun, waiting] = [subscriber(null, { answersInHand }), subscriber(null, { answersInHand })];
  for (const each of [begun, waiting]) {
    each.list.take();
    await each.answers({ ...answer([page(3, false), page(3, true)]), bytes: 70 });
  }
  expect(begun.list.take()).toMatchObject({ complete: false });
  const hog = await liveAt3({ answersInHand });
  hog.announce(9);
  await hog.settled();
  await hog.answers({ ...answer([change(4), change(5)]), bytes: 0 });
  answersInHand.hold(200, () => undefined);
  await expect(begun.list.next()).rejects.toThrow('subscribe again');
  void waiting.read();
  await waiting.settled();
  expect(waiting.asked).toHaveLength(2);
  expect(waiting.asked.at(-1)?.cursor).toBeNull();
});

test('an ended list holds nothing', async () => {
  const answersInHand = new AnswersInHand(150);
  const reader = subscriber('c3', { answersInHand });
  reader.list.take();
  await reader.answers({ ...answer([change(4)]), bytes: 100 });
  expect(answersInHand.bytes).toBe(100);
  reader.list.end();
  expect(answersInHand.bytes).toBe(0);
});

test('a kind may say how much waits for a reader', async () => {
  const reader = subscriber('c3', { waitingLimits: { changes: 2, bytes: 1_000 } });
  reader.list.take();
  await reader.answers(nothingNew(3));
  for (const revision of [4, 5]) reader.announce(revision);
  expect([reader.list.queued, reader.list.live]).toEqual([2, true]);
  reader.announce(6);
  expect([reader.list.queued, reader.list.live]).toEqual([0, false]);
});
