import { expect, test } from 'vitest';
import type { ListDelta } from './list/changes-since.ts';
import type { ListChange } from './list/list-change.ts';
import { LiveList } from './list/live-list.ts';
import { PushedList } from './push-to-socket.ts';

const change = (revision: number): ListChange => ({ __typename: 'FriendChanged', revision, cursor: `c${revision}` });
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

/** A list at revision 3 that is pushed to a socket in the test's hands. */
async function pushedList(resultOf = (each: ListChange) => `{"r":${each.revision}}`) {
  const written: string[] = [];
  const waiting = new Set<() => void>();
  const frames = {
    open: true,
    write: (message: string) => void written.push(message),
    whenOpen: (goOn: () => void) => void waiting.add(goOn),
  };
  let hear: (change: ListChange, bytes: number) => void = () => undefined;
  const asked: (string | null)[] = [];
  let listening = true;
  let answer: ListDelta<ListChange> = { changes: [], cursor: 'c3', revision: 3, hasMore: false };
  const list = new LiveList<ListChange>('c3', {
    listen(list) {
      hear = (each, bytes) => list.hear(each, bytes);
      return {
        stop() {
          listening = false;
        },
      };
    },
    async changesSince(cursor) {
      asked.push(cursor);
      return answer;
    },
    pause: async () => undefined,
  });
  const pushed = new PushedList(list, resultOf, { frames, operationId: 'the "one"' });
  const end = pushed.untilEnd();
  end.catch(() => undefined);
  await settled();
  return {
    list,
    pushed,
    end,
    written,
    asked,
    frames,
    get listening() {
      return listening;
    },
    announce: (revision: number) => hear(change(revision), 100),
    answers(changes: ListChange[]) {
      const { cursor, revision } = changes.at(-1)!;
      answer = { changes, cursor, revision, hasMore: false };
    },
    opens() {
      frames.open = true;
      const those = [...waiting];
      waiting.clear();
      for (const goOn of those) goOn();
    },
  };
}

test('what is announced is written at once, as a result of its operation', async () => {
  const { announce, written } = await pushedList();
  announce(4);
  expect(written).toEqual(['{"id":"the \\"one\\"","type":"next","payload":{"r":4}}']);
  announce(4);
  announce(5);
  expect(written).toHaveLength(2);
});

test('while the reader takes nothing nothing is written, nor asked of the store, and afterwards all of it', async () => {
  const reader = await pushedList();
  reader.frames.open = false;
  for (let revision = 4; revision <= 6; revision += 1) reader.announce(revision);
  expect(reader.written).toEqual([]);
  expect(reader.list.queued).toBe(3);
  reader.opens();
  expect(reader.written).toHaveLength(3);

  reader.frames.open = false;
  for (let revision = 7; revision <= 300; revision += 1) reader.announce(revision);
  await settled();
  expect(reader.list.queued).toBe(0);
  expect(reader.asked).toEqual(['c3']);
  reader.answers(Array.from({ length: 294 }, (_, index) => change(7 + index)));
  reader.opens();
  await settled();
  expect(reader.asked).toEqual(['c3', 'c6']);
  const revisions = reader.written.map((message) => JSON.parse(message).payload.r);
  expect(revisions).toEqual(Array.from({ length: 297 }, (_, index) => index + 4));
});

test('the end of the list is the end of what is iterated: with its error, or without', async () => {
  const failed = await pushedList();
  failed.frames.open = false;
  failed.list.end(new Error('signed out'));
  await expect(failed.end).rejects.toThrow('signed out');

  const left = await pushedList();
  left.pushed.leave();
  expect(await left.end).toEqual({ done: true, value: undefined });
  left.announce(4);
  expect([left.written, left.listening]).toEqual([[], false]);
});

test('a change that cannot be written ends the list and nothing else', async () => {
  const reader = await pushedList(() => {
    throw new Error('no such field');
  });
  expect(() => reader.announce(4)).not.toThrow();
  await expect(reader.end).rejects.toThrow('no such field');
  expect(reader.listening).toBe(false);
});
