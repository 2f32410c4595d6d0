import type { Friend, FriendEdit } from '../api/list-change.ts';
import { compareFriends, type FriendList } from './friend-list.ts';

interface Pending {
  readonly userId: string;
  readonly edit: FriendEdit;
  /** The revision that has the edit, once the server has said so. */
  revision: number | null;
}

/**
 * Optimistic updates: edits that are shown before the server has confirmed them. One is dropped when the list has
 * reached the revision that holds it, and not at the mutation's reply: between the two the list is still the old one,
 * and the edit would flicker back.
 */
export class PendingEdits {
  readonly #pending = new Set<Pending>();

  get size(): number {
    return this.#pending.size;
  }

  add(userId: string, edit: FriendEdit): { confirm(revision: number): void; drop(): void } {
    const pending: Pending = { userId, edit, revision: null };
    this.#pending.add(pending);
    return {
      confirm: (revision) => {
        pending.revision = revision;
      },
      drop: () => void this.#pending.delete(pending),
    };
  }

  /** The list has come so far: what it holds by now needs no help. */
  reached(revision: number): void {
    for (const pending of this.#pending) {
      if (pending.revision !== null && pending.revision <= revision) this.#pending.delete(pending);
    }
  }

  /** The list's friends with the edits on them, in display order. */
  over(list: FriendList): readonly Friend[] {
    if (this.#pending.size === 0) return list.friends;
    const edited = new Map<string, Friend>();
    for (const { userId, edit } of this.#pending) {
      const friend = edited.get(userId) ?? list.find(userId);
      if (friend) edited.set(userId, withEdit(friend, edit));
    }
    return list.friends.map((friend) => edited.get(friend.user.id) ?? friend).sort(compareFriends);
  }
}

/** As the server will have it: what is null stays as it is, but for the remark, which it clears. */
function withEdit(friend: Friend, { remark: written, ...edit }: FriendEdit): Friend {
  const remark = written === undefined ? friend.remark : written?.trim() || null;
  const changed = Object.fromEntries(Object.entries(edit).filter(([, value]) => value != null));
  return { ...friend, ...changed, remark, displayName: remark ?? friend.user.nickname };
}
