import type pg from 'pg';
import {
  loadList,
  loadRevisions,
  readBlockedUsers,
  readFriendRequests,
  readMutualFriends,
  readRelations,
  suggestFriends,
} from './friend-service-insides.ts';
import { searchUsers } from './user-service-insides.ts';

const PAGE = { first: 20, after: null };

/** Who asks, and about whom. */
export interface AskedAbout {
  readonly viewerId: string;
  readonly otherId: string;
}

export interface ReadOfAScreen {
  readonly name: string;
  run(pools: { friend: pg.Pool; user: pg.Pool }, about: AskedAbout): Promise<unknown>;
  /** Pages for each row that a statement answers: the stated bound. */
  readonly pagesPerRow: number;
  /** Where it looks at more than it answers: no more than so many rows. */
  readonly rowsAtMost?: number;
}

/** What the screens read from Postgres: lists themselves come from their views, which `loadList` fills. */
export const readsOfScreens: readonly ReadOfAScreen[] = [
  { name: 'loading a list', pagesPerRow: 6, run: ({ friend }, { viewerId }) => loadList(friend, viewerId) },
  {
    name: 'where lists stand',
    pagesPerRow: 6,
    run: ({ friend }, { viewerId, otherId }) => loadRevisions(friend, [viewerId, otherId]),
  },
  {
    name: 'suggestions',
    pagesPerRow: 1,
    rowsAtMost: 60_000,
    run: ({ friend }, { viewerId }) => suggestFriends(friend, viewerId, 20),
  },
  {
    name: 'friends in common',
    pagesPerRow: 5,
    rowsAtMost: 5_000,
    run: ({ friend }, { viewerId, otherId }) => readMutualFriends(friend, { viewerId, otherId }, PAGE),
  },
  {
    name: 'requests received',
    pagesPerRow: 15,
    run: ({ friend }, { viewerId }) => readFriendRequests(friend, viewerId, { direction: 'INCOMING', ...PAGE }),
  },
  {
    name: 'requests sent',
    pagesPerRow: 15,
    run: ({ friend }, { viewerId }) => readFriendRequests(friend, viewerId, { direction: 'OUTGOING', ...PAGE }),
  },
  {
    name: 'people who are blocked',
    pagesPerRow: 8,
    run: ({ friend }, { viewerId }) => readBlockedUsers(friend, viewerId, PAGE),
  },
  {
    name: 'relations to people on a page',
    pagesPerRow: 12,
    run: ({ friend }, { viewerId, otherId }) => readRelations(friend, viewerId, [viewerId, otherId]),
  },
  {
    name: 'a search by one word',
    pagesPerRow: 6,
    run: ({ user }) => searchUsers(user, { text: 'anbe', ...PAGE }),
  },
  {
    name: 'a search by two words',
    pagesPerRow: 6,
    rowsAtMost: 1_000,
    run: ({ user }) => searchUsers(user, { text: 'an be', ...PAGE }),
  },
];
