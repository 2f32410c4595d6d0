import { expect, test } from 'vitest';
import { SubscriptionRefused } from './live-list-inputs.ts';
import { answer, change, liveAt3, nothingNew, page, subscriber } from './testing/subscriber-in-hand.ts';

test('is asked again after a pause, from the last change handed over', async () => {
  const reader = await liveAt3();
  reader.announce(5);
  await reader.answers(new Error('away'));
  expect(reader.asked).toHaveLength(2);
  reader.pauses[0]!.resolve();
  await reader.settled();
  expect(reader.asked.at(-1)!.cursor).toBe('c3');
  await reader.answers(answer([change(4), change(5)]));
  expect(reader.taken).toEqual([3, 4, 5]);
  expect(reader.log).toEqual(['SUBSCRIBED', 'hole seen', 'HOLE', 'STORE_FAILED']);
});

test('an answer with a hole in it is not handed over', async () => {
  const reader = await liveAt3();
  reader.announce(6);
  await reader.answers(answer([change(5), change(6)]));
  expect(reader.taken).toEqual([3]);
  expect(reader.pauses).toHaveLength(1);
});

test('a snapshot without its last page is not handed over', async () => {
  const reader = subscriber();
  void reader.read();
  await reader.answers(answer([page(3, false)]));
  expect(reader.taken).toEqual([]);
  expect(reader.pauses).toHaveLength(1);
});

test('that never answered at all ends the subscription with its error', async () => {
  const reader = subscriber();
  void reader.read();
  for (let attempt = 0; attempt < 5; attempt += 1) {
    expect(reader.ends).toEqual([]);
    await reader.answers(new Error('away'));
    reader.pauses[attempt]?.resolve();
    await reader.settled();
  }
  expect(reader.ends).toEqual(['away']);
  expect(reader.listening).toBe(false);
});

test('that refuses ends the subscription at once, with the reason', async () => {
  const reader = await liveAt3();
  reader.announce(9);
  await reader.answers(new SubscriptionRefused(new Error('expired')));
  expect(reader.ends).toEqual(['expired']);
  expect(reader.listening).toBe(false);
});

test('that lags behind what was announced is asked again', async () => {
  const reader = await liveAt3();
  reader.announce(5);
  await reader.answers(nothingNew(3));
  expect(reader.log.at(-1)).toBe('HOLE');
  reader.pauses[0]!.resolve();
  await reader.answers(answer([change(4), change(5)]));
  expect(reader.taken).toEqual([3, 4, 5]);
});

test('an announced revision that the store never has is given up, and the next change still arrives', async () => {
  const reader = await liveAt3();
  reader.announce(1_000);
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await reader.answers(nothingNew(3));
    reader.pauses[attempt]?.resolve();
    await reader.settled();
  }
  expect(reader.asked).toHaveLength(7);
  reader.announce(4);
  await reader.settled();
  expect(reader.taken).toEqual([3, 4]);
  reader.list.ahead(5);
  await reader.answers(answer([change(5)]));
  expect(reader.taken).toEqual([3, 4, 5]);
});

test('a list that starts again lower (a restored database) is followed from its snapshot', async () => {
  const reader = subscriber('c90');
  void reader.read();
  await reader.answers(answer([change(91)]));
  reader.list.doubt('BROKER_RECONNECTED');
  await reader.answers(answer([page(40, true)]));
  reader.announce(41);
  await reader.settled();
  reader.list.ahead(42);
  await reader.answers(answer([change(42)]));
  expect(reader.taken).toEqual([91, 40, 41, 42]);
});
