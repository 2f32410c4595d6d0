import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ListChange } from './list-change.ts';
import { LiveList } from './live-list.ts';

/** What can happen to a list and its subscriber, in any order and number. */
type Happening =
  /** A change is committed; its announcement is lost, or goes out once or twice, after that many others. */
  | { kind: 'change'; announced: 0 | 1 | 2; overtakenBy: number }
  | { kind: 'burst'; changes: number }
  | { kind: 'reconnect' }
  | { kind: 'poll' }
  | { kind: 'read'; changes: number }
  | { kind: 'store fails' }
  /** The store answers, as of that many changes ago. */
  | { kind: 'store answers'; lag: number }
  /** The database was restored: the cursors so far are of another timeline. */
  | { kind: 'history is gone' };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      announced: fc.constantFrom(0 as const, 1 as const, 1 as const, 1 as const, 2 as const),
      overtakenBy: fc.constantFrom(0, 0, 0, 1, 3),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('burst' as const), changes: fc.constantFrom(10, 255, 400) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reconnect' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'poll' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('read' as const), changes: fc.constantFrom(1, 1, 2, 50, 500) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'store fails' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('store answers' as const), lag: fc.constantFrom(0, 0, 0, 1, 3) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'history is gone' as const }) },
);

/** A list, its store, an unreliable broker, and one subscriber with a slow reader. */
class World {
  committed = 0;
  oldestKept = 0;
  inFlight: { revision: number; overtakenBy: number }[] = [];
  hear: (change: ListChange, bytes: number) => void = () => undefined;
  questions: { cursor: string | null; answer: PromiseWithResolvers<Awaited<ReturnType<World['answerTo']>>> }[] = [];
  wanted = 0;
  taken: ListChange[] = [];
  failure: unknown;
  list: LiveList<ListChange>;
  #more: PromiseWithResolvers<void> = Promise.withResolvers();

  constructor(after: string | null) {
    this.list = new LiveList<ListChange>(after, {
      listen: (list) => {
        this.hear = (change, bytes) => list.hear(change, bytes);
        return { stop: () => (this.hear = () => undefined) };
      },
      changesSince: (cursor) => {
        const question = { cursor, answer: Promise.withResolvers<ReturnType<World['answerTo']>>() };
        this.questions.push(question);
        return question.answer.promise;
      },
      pause: () => Promise.resolve(),
    });
    void this.#read();
  }

  async #read() {
    try {
      for (;;) {
        while (this.taken.length >= this.wanted) await this.#more.promise;
        const next = await this.list.next();
        if (next.done) return;
        this.taken.push(next.value);
      }
    } catch (error) {
      this.failure = error;
    }
  }

  want(changes: number) {
    this.wanted = Math.max(this.wanted, this.taken.length) + changes;
    const more = this.#more;
    this.#more = Promise.withResolvers();
    more.resolve();
  }

  change(announced: number, overtakenBy: number) {
    this.committed += 1;
    for (let copy = 0; copy < announced; copy += 1) this.inFlight.push({ revision: this.committed, overtakenBy });
    for (const message of [...this.inFlight]) {
      if (message.overtakenBy > 0) message.overtakenBy -= 1;
      else {
        this.inFlight.splice(this.inFlight.indexOf(message), 1);
        this.hear(asChange(message.revision), 100);
      }
    }
  }

  answerTo(cursor: string | null, lag: number) {
    const now = Math.max(this.committed - lag, 0);
    const since = cursor === null ? -1 : Number(cursor);
    if (since < this.oldestKept) {
      const pages = [asPage(now, false), asPage(now, true)];
      return { changes: pages, cursor: String(now), revision: now, hasMore: false };
    }
    const changes = [];
    for (let revision = since + 1; revision <= now && changes.length < 5; revision += 1)
      changes.push(asChange(revision));
    const reached = since + changes.length;
    return { changes, cursor: String(reached), revision: reached, hasMore: reached < now };
  }

  async happens(what: Happening) {
    if (what.kind === 'change') this.change(what.announced, what.overtakenBy);
    else if (what.kind === 'burst') for (let each = 0; each < what.changes; each += 1) this.change(1, 0);
    else if (what.kind === 'reconnect') this.list.doubt('BROKER_RECONNECTED');
    else if (what.kind === 'poll') this.list.ahead(this.committed);
    else if (what.kind === 'read') this.want(what.changes);
    else if (what.kind === 'history is gone') this.oldestKept = this.committed;
    else {
      const question = this.questions.shift();
      if (what.kind === 'store fails') question?.answer.reject(new Error('away'));
      else question?.answer.resolve(this.answerTo(question.cursor, what.lag));
    }
    await settled();
  }

  /** Every fault ends; the reader reads on until it has the last change. */
  async settles() {
    this.inFlight = [];
    for (let round = 0; round < 2_000; round += 1) {
      this.want(1_000);
      this.list.ahead(this.committed);
      await settled();
      const question = this.questions.shift();
      question?.answer.resolve(this.answerTo(question.cursor, 0));
      await settled();
      if (this.failure || (!question && round > 0 && this.taken.length < this.wanted)) return;
    }
  }
}

const asChange = (revision: number): ListChange => ({
  __typename: 'FriendChanged',
  revision,
  cursor: String(revision),
});
const asPage = (revision: number, complete: boolean): ListChange => ({
  ...asChange(revision),
  __typename: 'FriendListSnapshot',
  complete,
});
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

test('whatever is lost, doubled, reordered or late: each change once and in order, or a snapshot', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 6 }),
      fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
      fc.array(happening, { maxLength: 60 }),
      async (before, cursor, happenings) => {
        const world = new World(cursor === null ? null : String(Math.min(cursor, before)));
        world.committed = before;
        for (const each of happenings) await world.happens(each);
        const refused = happenings.filter(({ kind }) => kind === 'store fails').length >= 5;
        await world.settles();

        const start = cursor === null ? null : Math.min(cursor, before);
        // A store that failed five times before its first answer may end the subscription; nothing else may.
        if (world.failure) expect(refused && world.taken.length === 0).toBe(true);
        else expect(world.taken.at(-1)?.revision ?? start).toBe(world.committed);
        let last = start;
        let inSnapshot = false;
        for (const { revision, complete } of world.taken) {
          if (complete === undefined) {
            expect(inSnapshot).toBe(false);
            expect(revision).toBe(last! + 1);
          } else {
            if (inSnapshot) expect(revision).toBe(last);
            inSnapshot = !complete;
          }
          last = revision;
        }
        expect(inSnapshot).toBe(false);
        expect(world.list.queued).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
