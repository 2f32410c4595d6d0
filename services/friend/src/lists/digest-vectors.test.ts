import { readdirSync, readFileSync } from 'node:fs';
import type { FriendAnswer, FriendRequestAnswer } from '@kith/event-contracts';
import { type DigestEntry, digestsOfKind } from '@kith/live-list';
import { expect, test } from 'vitest';

interface ListAfterStep {
  readonly digest: string;
  readonly friends: readonly FriendAnswer[];
  readonly requests: readonly FriendRequestAnswer[];
}

const VECTORS = new URL('../../../../docs/live-lists/vectors/', import.meta.url);
const digests = digestsOfKind('friend-list');

/** As clause 4.1 of docs/live-lists/protocol.md has it. */
const entriesOf = ({ friends, requests }: ListAfterStep): DigestEntry[] => [
  ...friends.map(({ user, remark, pinned, tags, since }): DigestEntry => {
    const { id, nickname, avatarUrl } = user;
    return ['friend', id, nickname, avatarUrl, remark, pinned, tags, since];
  }),
  ...requests.map(({ id, from, to, message, sentAt }): DigestEntry => ['request', id, from.id, to.id, message, sentAt]),
];

test.for(readdirSync(VECTORS))(
  'digests are those of the vector %s: of the whole list, and moved by each change',
  (name) => {
    const { steps } = JSON.parse(readFileSync(new URL(name, VECTORS), 'utf8')) as {
      steps: { expect: ListAfterStep }[];
    };
    let before: DigestEntry[] = [];
    let moved = digests.empty;
    for (const { expect: list } of steps) {
      const entries = entriesOf(list);
      expect(digests.of(entries.toReversed())).toBe(list.digest);
      const texts = new Set(before.map((entry) => JSON.stringify(entry)));
      const textsNow = new Set(entries.map((entry) => JSON.stringify(entry)));
      moved = digests.after(moved, {
        removed: before.filter((entry) => !textsNow.has(JSON.stringify(entry))),
        added: entries.filter((entry) => !texts.has(JSON.stringify(entry))),
      });
      expect(moved).toBe(list.digest);
      before = entries;
    }
  },
);
