/** A change of the one friend every list in these tests has. */
const changeOf = (cursor: string, revision: number, remark: string) => ({
  __typename: 'FriendChanged' as const,
  cursor,
  revision,
  occurredAt: new Date().toISOString(),
  friend: friendWith(remark),
});

const friendWith = (remark: string) => ({
  __typename: 'Friend',
  user: { __typename: 'User', id: 'friend-1', nickname: 'Ada', avatarUrl: null },
  remark,
  displayName: remark,
  pinned: false,
  tags: ['old'],
  since: '2026-01-01T00:00:00.000Z',
});

type Change = ReturnType<typeof changeOf>;

/** What the friend service keeps, for tests: a log of changes per owner. */
export class FriendLists {
  readonly #changes = new Map<string, Change[]>();
  /** How often each question was asked. */
  readonly asked = { changesSince: 0, stillAt: 0, revisionsOf: 0 };
  /** A plus for each time the database was restored; it stands at the end of cursors. */
  timeline = '';

  #cursor(ownerId: string, revision: number): string {
    return `${ownerId}:${revision}${this.timeline}`;
  }

  /** Changes up to this revision are no longer kept. */
  forgottenUpTo = 0;

  commit(ownerId: string, remark: string): Change {
    const changes = this.#changes.get(ownerId) ?? [];
    const change = changeOf(this.#cursor(ownerId, changes.length + 1), changes.length + 1, remark);
    changes.push(change);
    this.#changes.set(ownerId, changes);
    return change;
  }

  /** The database is restored from a backup in which the owner's list ended with that revision. */
  restore(ownerId: string, revision: number): void {
    this.#changes.get(ownerId)?.splice(revision);
    this.timeline += '+';
  }

  stillAt(ownerIds: readonly string[], cursors: readonly string[]): (number | null)[] {
    this.asked.stillAt += 1;
    return ownerIds.map((ownerId, at) => {
      const revision = this.#changes.get(ownerId)?.length ?? 0;
      return cursors[at] === this.#cursor(ownerId, revision) ? revision : null;
    });
  }

  /** null when the cursor is not of this list and timeline. */
  #revisionAt(ownerId: string, cursor: string): number | null {
    const revision = Number.parseInt(cursor.slice(ownerId.length + 1), 10);
    return cursor === this.#cursor(ownerId, revision) ? revision : null;
  }

  changesSince(ownerId: string, after: string | null, first: number) {
    this.asked.changesSince += 1;
    const changes = this.#changes.get(ownerId) ?? [];
    const since = after === null ? null : this.#revisionAt(ownerId, after);
    if (since === null || since < this.forgottenUpTo) {
      const reason = after === null ? 'SUBSCRIBED' : since === null ? 'CURSOR_INVALID' : 'CURSOR_EXPIRED';
      const snapshot = {
        __typename: 'FriendListSnapshot',
        cursor: this.#cursor(ownerId, changes.length),
        revision: changes.length,
        occurredAt: new Date().toISOString(),
        reason,
        requests: [],
      };
      const pages = [
        { ...snapshot, friends: [friendWith('first page')], complete: false },
        { ...snapshot, friends: [], complete: true },
      ];
      return { changes: pages, cursor: snapshot.cursor, revision: snapshot.revision, hasMore: false };
    }
    const page = changes.slice(since, since + first);
    const revision = since + page.length;
    return { changes: page, cursor: this.#cursor(ownerId, revision), revision, hasMore: revision < changes.length };
  }

  revisionsOf(ownerIds: readonly string[]) {
    this.asked.revisionsOf += 1;
    return ownerIds.map((ownerId) => this.#changes.get(ownerId)?.length ?? 0);
  }
}
