import type { ListDelta } from '../changes-since.ts';
import type { ListChange } from '../list-change.ts';
import { LiveList } from '../live-list.ts';
import type { LiveListInputs } from '../live-list-inputs.ts';

export const change = (revision: number): ListChange => ({
  __typename: 'FriendChanged',
  revision,
  cursor: `c${revision}`,
});
export const page = (revision: number, complete: boolean): ListChange => ({
  __typename: 'FriendListSnapshot',
  revision,
  cursor: `c${revision}`,
  complete,
});
export const nothingNew = (revision: number): ListDelta<ListChange> => answer([], { revision });

export function answer(changes: ListChange[], over: Partial<ListDelta<ListChange>> = {}): ListDelta<ListChange> {
  const revision = over.revision ?? changes.at(-1)!.revision;
  return { changes, cursor: `c${revision}`, revision, hasMore: false, ...over };
}

/** A subscriber whose announcements, store and clock are in the test's hands. */
export function subscriber(
  after: string | null = null,
  inputs: Pick<LiveListInputs<ListChange>, 'answersInHand' | 'waitingLimits'> = {},
) {
  let hear: (change: ListChange, bytes: number) => void = () => undefined;
  const log: string[] = [];
  const asked: { cursor: string | null; answer: PromiseWithResolvers<ListDelta<ListChange>> }[] = [];
  const pauses: PromiseWithResolvers<void>[] = [];
  let listening = true;
  const list = new LiveList<ListChange>(after, {
    ...inputs,
    listen(list) {
      hear = (each, bytes) => list.hear(each, bytes);
      return {
        stop() {
          listening = false;
        },
      };
    },
    changesSince(cursor) {
      const question = { cursor, answer: Promise.withResolvers<ListDelta<ListChange>>() };
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
    async answers(given: ListDelta<ListChange> | Error) {
      await settled();
      const question = asked.at(-1)!;
      if (given instanceof Error) question.answer.reject(given);
      else question.answer.resolve(given);
      await settled();
    },
  };
}

/** One that reads, and has had the snapshot at revision 3. */
export async function liveAt3(inputs: Parameters<typeof subscriber>[1] = {}) {
  const reader = subscriber(null, inputs);
  void reader.read();
  await reader.answers(answer([page(3, true)]));
  return reader;
}
