import { describeListContract } from '@kith/live-list/testing';
import * as vitest from 'vitest';
import { openFriendDatabase } from '../testing/open-friend-database.ts';
import { friendLiveList } from './friend-live-list.ts';
import { loadList } from './load-list.ts';

const TIMELINE = '0197a000-0000-4000-8000-000000000001';

/** Friend lists while there is no view: Postgres answers for all of it. */
describeListContract(
  'friend lists',
  async () => {
    const { pool, relationships, elsewhere, person, close } = await openFriendDatabase();
    const noView = {
      revision: async () => undefined,
      revisions: async () => new Map<string, number>(),
      whole: (ownerId: string) => loadList(pool, ownerId),
    };
    let turn = 0;
    return {
      list: friendLiveList(pool, noView, { current: TIMELINE }),
      newOwner: () => person(),
      async change(ownerId) {
        // Of two processes, one after the other.
        turn += 1;
        const by = turn % 2 === 0 ? relationships : elsewhere;
        await by.change({ viewerId: ownerId, otherId: await person() }, (relationship) => relationship.add({}));
      },
      stop: close,
    };
  },
  vitest,
);
