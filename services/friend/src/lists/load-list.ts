import type { FriendData } from '@kith/event-contracts';
import { present } from '@kith/service-kit';
import type pg from 'pg';
import { friendData } from '../domain/list-events.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import { type FriendRequestRow, LISTED_REQUEST_COLUMNS, listedRequestOf } from '../rows/friend-request-row.ts';
import { DETAIL_COLUMNS, type DetailsRow, detailsOf } from '../rows/friend-row.ts';
import { PERSON_COLUMNS, type PersonRow, personDataOf } from '../rows/profile-row.ts';
import type { ListState } from '../view/entries/list-state.ts';

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const REVISION = 'SELECT revision FROM friend_list WHERE owner_id = $1';

const FRIENDS = `
  SELECT ${PERSON_COLUMNS}, ${DETAIL_COLUMNS}
  FROM friend JOIN profile ON user_id = friend_id WHERE owner_id = $1`;

const REQUESTS = `
  SELECT ${LISTED_REQUEST_COLUMNS} FROM friend_request
  WHERE status = 'OPEN' AND (from_id = $1 OR to_id = $1)`;

/** A person's whole list at one revision: what the view is filled with. Revision 0 and nothing for nobody. */
export async function loadList(pool: pg.Pool, ownerId: string): Promise<ListState> {
  return inTransaction(
    pool,
    async (sql) => {
      const { rows: lists } = await sql.query<{ revision: string }>(REVISION, [ownerId]);
      const { rows: friends } = await sql.query<FriendRow>(FRIENDS, [ownerId]);
      const { rows: requests } = await sql.query<FriendRequestRow>(REQUESTS, [ownerId]);
      return {
        revision: Number(lists[0]?.revision ?? 0),
        friends: friends.map(friendOf),
        requests: requests.map(listedRequestOf),
      };
    },
    ONE_SNAPSHOT,
  );
}

type FriendRow = PersonRow & DetailsRow;

function friendOf(row: FriendRow): FriendData {
  return friendData(personDataOf(row), present(detailsOf(row), 'an entry of a list has its details'));
}
