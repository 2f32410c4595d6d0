import { describe, expect, test } from 'vitest';
import { answer, change, liveAt3, nothingNew, page, subscriber } from './testing/subscriber-in-hand.ts';

describe('catching up', () => {
  test('a new subscriber is given the snapshot, then what was announced while the store answered', async () => {
    const reader = subscriber();
    void reader.read();
    await reader.settled();
    expect(reader.asked.map(({ cursor }) => cursor)).toEqual([null]);
    reader.announce(3);
    reader.announce(4);
    reader.announce(5);
    await reader.answers(answer([page(3, false), page(3, true)]));
    expect(reader.taken).toEqual([3, 3, 4, 5]);
    expect(reader.log).toEqual(['SUBSCRIBED']);
  });

  test('a subscriber with a cursor is given what happened since', async () => {
    const reader = subscriber('c7');
    void reader.read();
    await reader.settled();
    expect(reader.asked.map(({ cursor }) => cursor)).toEqual(['c7']);
    await reader.answers(answer([change(8), change(9)]));
    reader.announce(10);
    await reader.settled();
    expect(reader.taken).toEqual([8, 9, 10]);
    expect(reader.asked).toHaveLength(1);
  });

  test('a subscriber whose cursor is current asks once and is live', async () => {
    const reader = subscriber('c7');
    void reader.read();
    await reader.answers(nothingNew(7));
    reader.announce(8);
    await reader.settled();
    expect(reader.taken).toEqual([8]);
    expect(reader.asked).toHaveLength(1);
  });

  test('a long history is read page by page', async () => {
    const reader = subscriber('c0');
    void reader.read();
    await reader.answers(answer([change(1), change(2)], { hasMore: true }));
    expect(reader.asked.at(-1)!.cursor).toBe('c2');
    await reader.answers(answer([change(3)]));
    expect(reader.taken).toEqual([1, 2, 3]);
    expect(reader.log).toEqual(['SUBSCRIBED', 'MORE']);
  });
});

describe('live', () => {
  test('a change announced twice is handed over once', async () => {
    const reader = await liveAt3();
    for (const revision of [4, 4, 3, 5, 4]) reader.announce(revision);
    await reader.settled();
    expect(reader.taken).toEqual([3, 4, 5]);
    expect(reader.asked).toHaveLength(1);
  });

  test('a hole is filled from the store', async () => {
    const reader = await liveAt3();
    reader.announce(6);
    await reader.settled();
    expect(reader.taken).toEqual([3]);
    expect(reader.asked.at(-1)!.cursor).toBe('c3');
    await reader.answers(answer([change(4), change(5), change(6)]));
    expect(reader.taken).toEqual([3, 4, 5, 6]);
    expect(reader.log).toEqual(['SUBSCRIBED', 'hole seen', 'HOLE']);
  });

  test('after the broker came back the store is asked', async () => {
    const reader = await liveAt3();
    reader.list.doubt('BROKER_RECONNECTED');
    await reader.answers(answer([change(4)]));
    expect(reader.taken).toEqual([3, 4]);
    expect(reader.log).toEqual(['SUBSCRIBED', 'BROKER_RECONNECTED']);
  });

  test('a revision that the store has and nobody announced is fetched', async () => {
    const reader = await liveAt3();
    reader.list.ahead(4);
    await reader.answers(answer([change(4)]));
    expect(reader.taken).toEqual([3, 4]);
    expect(reader.log).toEqual(['SUBSCRIBED', 'STORE_AHEAD']);
  });

  test('a poll that says what was announced already costs nothing', async () => {
    const reader = await liveAt3();
    reader.announce(4);
    reader.list.ahead(4);
    await reader.settled();
    reader.list.ahead(3);
    await reader.settled();
    expect(reader.asked).toHaveLength(1);
  });

  test('doubt that arises while the store answers makes it be asked again', async () => {
    const reader = await liveAt3();
    reader.list.doubt('BROKER_RECONNECTED');
    await reader.settled();
    reader.list.doubt('BROKER_RECONNECTED');
    await reader.answers(answer([change(4)]));
    expect(reader.asked).toHaveLength(3);
    await reader.answers(answer([change(5)], {}));
    expect(reader.taken).toEqual([3, 4, 5]);
  });
});

describe('a subscriber who does not read', () => {
  test('holds at most 256 changes, then none, and catches up when it reads again', async () => {
    const reader = subscriber();
    const first = reader.list.next();
    await reader.answers(answer([page(3, true)]));
    await first;
    for (let revision = 4; revision < 4 + 256; revision += 1) reader.announce(revision);
    expect(reader.list.queued).toBe(256);
    reader.announce(260);
    expect(reader.list.queued).toBe(0);
    reader.announce(261);
    expect(reader.list.queued).toBe(0);
    expect(reader.asked).toHaveLength(1);

    void reader.read();
    await reader.settled();
    expect(reader.log.at(-1)).toBe('OVERFLOW');
    expect(reader.asked.at(-1)!.cursor).toBe('c3');
    await reader.answers(answer(Array.from({ length: 258 }, (_, index) => change(4 + index))));
    expect(reader.taken).toEqual(Array.from({ length: 258 }, (_, index) => 4 + index));
  });

  test('holds at most 256 KiB', async () => {
    const reader = subscriber();
    const first = reader.list.next();
    await reader.answers(answer([page(3, true)]));
    await first;
    reader.announce(4, 200 * 1024);
    reader.announce(5, 56 * 1024);
    expect(reader.list.queued).toBe(2);
    reader.announce(6, 1);
    expect(reader.list.queued).toBe(0);
  });
});

describe('the end', () => {
  test('return() releases a waiting next() and stops listening', async () => {
    const reader = subscriber();
    const waiting = reader.list.next();
    await reader.settled();
    await reader.list.return();
    await reader.answers(answer([page(3, true)]));
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(reader.listening).toBe(false);
    expect(await reader.list.next()).toEqual({ done: true, value: undefined });
  });

  test('end(error) gives the error to the reader once', async () => {
    const reader = await liveAt3();
    reader.list.end(new Error('signed out'));
    await reader.settled();
    expect(reader.ends).toEqual(['signed out']);
    expect(await reader.list.next()).toEqual({ done: true, value: undefined });
  });
});

test('a change that turns out to be another than the next ends the list, and throws at nobody else (S18)', async () => {
  const reader = subscriber();
  let revision = 4;
  const turning = {
    ...{ __typename: 'FriendChanged', cursor: 'c4' },
    get revision() {
      return revision;
    },
  };
  const first = reader.list.next();
  await reader.answers(answer([page(3, true), turning]));
  expect((await first).value?.revision).toBe(3);
  revision = 9;
  expect(reader.list.take()).toBeUndefined();
  expect([reader.list.ended, reader.listening]).toEqual([true, false]);
  await expect(reader.list.next()).rejects.toMatchObject({ code: 'INVARIANT_BROKEN', invariant: 'S18' });
});
