import { describe, expect, test } from 'vitest';
import type { ChangesSince } from './changes-since.ts';
import type { ListChange } from './list-change.ts';
import { LiveList } from './live-list.ts';
import { SubscriptionRefused } from './live-list-inputs.ts';

const change = (revision: number): ListChange => ({ __typename: 'FriendChanged', revision, cursor: `c${revision}` });
const page = (revision: number, complete: boolean): ListChange => ({
  __typename: 'FriendListSnapshot',
  revision,
  cursor: `c${revision}`,
  complete,
});
const nothingNew = (revision: number): ChangesSince<ListChange> => answer([], { revision });

function answer(changes: ListChange[], over: Partial<ChangesSince<ListChange>> = {}): ChangesSince<ListChange> {
  const revision = over.revision ?? changes.at(-1)!.revision;
  return { changes, cursor: `c${revision}`, revision, hasMore: false, ...over };
}

/** A subscriber whose announcements, store and clock are in the test's hands. */
function subscriber(after: string | null = null) {
  let hear: (change: ListChange, bytes: number) => void = () => undefined;
  const log: string[] = [];
  const asked: { cursor: string | null; answer: PromiseWithResolvers<ChangesSince<ListChange>> }[] = [];
  const pauses: PromiseWithResolvers<void>[] = [];
  let listening = true;
  const list = new LiveList<ListChange>(after, {
    listen(list) {
      hear = (each, bytes) => list.hear(each, bytes);
      return {
        stop() {
          listening = false;
        },
      };
    },
    changesSince(cursor) {
      const question = { cursor, answer: Promise.withResolvers<ChangesSince<ListChange>>() };
      asked.push(question);
      return question.answer.promise;
    },
    pause() {
      pauses.push(Promise.withResolvers<void>());
      return pauses.at(-1)!.promise;
    },
    observer: { catchUp: (reason) => log.push(reason), hole: () => log.push('hole seen'), delivered: () => undefined },
  });

  const taken: number[] = [];
  const ends: string[] = [];
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    list,
    log,
    asked,
    pauses,
    taken,
    ends,
    settled,
    get listening() {
      return listening;
    },
    announce: (revision: number, bytes = 100) => hear(change(revision), bytes),
    /** Reads until the list ends; tells how it ended. */
    async read() {
      try {
        for await (const each of list) taken.push(each.revision);
        ends.push('done');
      } catch (error) {
        ends.push((error as Error).message);
      }
    },
    async answers(given: ChangesSince<ListChange> | Error) {
      await settled();
      const question = asked.at(-1)!;
      if (given instanceof Error) question.answer.reject(given);
      else question.answer.resolve(given);
      await settled();
    },
  };
}

/** One that reads, and has had the snapshot at revision 3. */
async function liveAt3() {
  const reader = subscriber();
  void reader.read();
  await reader.answers(answer([page(3, true)]));
  return reader;
}

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

describe('a store that fails', () => {
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
