import type { Envelope } from '@kith/event-delivery/envelope';
import type { TestRunner } from '@kith/event-delivery/testing';
import { changesSince } from '../catch-up/changes-since.ts';
import type { ChangePlace, LiveList, SnapshotPage } from '../catch-up/live-list.ts';
import { whereListsStand } from '../catch-up/where-lists-stand.ts';

/** A kind of list with what is behind it, for one test. */
export interface ListUnderTest {
  // biome-ignore lint/suspicious/noExplicitAny: whatever it holds, the contract looks at where its changes stand.
  readonly list: LiveList<any, ChangePlace, object>;
  /** The owner of a list that exists, or can: of each call another. */
  newOwner(): Promise<string>;
  /** Commits one change of that owner's list: in the transaction that counts it. */
  change(ownerId: string): Promise<unknown>;
  /** The same, but the transaction fails after the change was counted. Left out where no test can make one fail. */
  changeInVain?(ownerId: string): Promise<unknown>;
  stop(): Promise<void>;
}

const ALL = 500;

/**
 * What every store of live lists has to keep to, whatever it keeps them in: `runner` is vitest, Jest, or `node:test` with
 * an `expect`. `open` is called before each test.
 */
export function describeListContract(name: string, open: () => Promise<ListUnderTest>, runner: TestRunner): void {
  const { describe, test, beforeEach, afterEach, expect } = runner;

  describe(`The contract of live lists: ${name}`, () => {
    let under: ListUnderTest;
    let ownerId: string;
    beforeEach(async () => {
      under = await open();
      ownerId = await under.newOwner();
    });
    afterEach(() => under.stop());

    const since = (after: string | null, first = ALL) => changesSince(under.list, ownerId, after, first);
    const revisionsOf = ({ changes }: { changes: readonly ChangePlace[] }) => changes.map(({ revision }) => revision);
    const changeTimes = async (times: number) => {
      for (let time = 0; time < times; time += 1) await under.change(ownerId);
    };
    const following = (revision: number, count: number) => Array.from({ length: count }, (_, at) => revision + 1 + at);

    test('a list that nothing ever happened to stands at 0, and has one empty page', async () => {
      const nobody = await under.newOwner();
      const stands = await under.list.history.revisions([nobody]);
      const whole = await under.list.history.whole(nobody);
      expect(whole.revision).toBe(stands.get(nobody));
      expect(whole.pages.length).toBeGreaterThan(0);
    });

    test('each change raises the revision by one, and is told once, in order', async () => {
      const start = await since(null);
      await changeTimes(7);
      const delta = await since(start.cursor);
      expect(revisionsOf(delta)).toEqual(following(start.revision, 7));
      expect(delta.hasMore).toBe(false);
      expect(await since(delta.cursor)).toMatchObject({ changes: [], revision: start.revision + 7 });
    });

    test('page by page nothing is left out and nothing comes twice', async () => {
      const start = await since(null);
      await changeTimes(5);
      const seen: number[] = [];
      for (let cursor = start.cursor; ; ) {
        const delta = await since(cursor, 2);
        seen.push(...revisionsOf(delta));
        cursor = delta.cursor;
        if (!delta.hasMore) break;
      }
      expect(seen).toEqual(following(start.revision, 5));
    });

    test('changes at the same time get a revision each, without a gap', async () => {
      const start = await since(null);
      await Promise.all(Array.from({ length: 12 }, () => under.change(ownerId)));
      expect(revisionsOf(await since(start.cursor))).toEqual(following(start.revision, 12));
    });

    test('a change whose transaction fails takes no revision', async () => {
      const start = await since(null);
      await changeTimes(1);
      const failed = (await under.changeInVain?.(ownerId).catch((error: unknown) => error)) ?? 'not tried';
      expect(failed).toBeDefined();
      await changeTimes(1);
      expect(revisionsOf(await since(start.cursor))).toEqual(following(start.revision, 2));
    });

    test('a list stands where its last change left it, for each of those asked for, also twice', async () => {
      const other = await under.newOwner();
      const start = await since(null);
      await changeTimes(3);
      const { cursors, history } = under.list;
      const owners = [ownerId, other, ownerId];
      const asked = { owners, cursors: [start.cursor, start.cursor, (await since(null)).cursor] };
      const stands = whereListsStand({ cursors, history }, asked);
      const [first, , again] = await stands.revisions();
      expect([first, again]).toEqual([start.revision + 3, start.revision + 3]);
      expect(await stands.unchanged()).toEqual([null, null, start.revision + 3]);
      expect(stands.timeline).toBe(history.timeline);
    });

    test('a whole list that is read while it changes is of one revision, and goes on behind it', async () => {
      const changing = changeTimes(10);
      const snapshot = await since(null);
      await changing;
      const pages = snapshot.changes as readonly SnapshotPage<object>[];
      expect([...new Set(revisionsOf(snapshot))]).toEqual([snapshot.revision]);
      expect(pages.at(-1)?.complete).toBe(true);
      const stand = await under.list.history.revision(ownerId);
      expect(revisionsOf(await since(snapshot.cursor))).toEqual(
        following(snapshot.revision, stand - snapshot.revision),
      );
    });

    test('an event is of its owner, at its revision, and its change says the same', async () => {
      const start = await since(null);
      await changeTimes(2);
      const events: readonly Envelope[] = await under.list.history.events(ownerId, start.revision, ALL);
      expect(events.map((event) => [event.ownerId, event.revision])).toEqual(
        following(start.revision, 2).map((revision) => [ownerId, revision]),
      );
      const { changes } = await since(start.cursor);
      expect(changes.map(({ occurredAt }) => occurredAt)).toEqual(
        events.map(({ occurredAt }) => occurredAt.toISOString()),
      );
    });

    test('the cursor of another list is answered with a snapshot that says so', async () => {
      const other = await changesSince(under.list, await under.newOwner(), null, ALL);
      expect((await since(other.cursor)).changes[0]).toMatchObject({ reason: 'CURSOR_INVALID' });
    });
  });
}
