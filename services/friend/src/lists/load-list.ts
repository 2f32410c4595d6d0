import type { FriendData } from '@kith/event-contracts';
import { present } from '@kith/service-kit';
import type pg from 'pg';
import { friendData } from '../domain/list-events.ts';
import { inTransaction } from '../relationships/in-transaction.ts';
import { type FriendRequestRow, LISTED_REQUEST_COLUMNS, listedRequestOf } from '../rows/friend-request-row.ts';
import {
  type DetailsRow,
  detailsOf,
  HAS_TOLD,
  INDEXED_COLUMNS,
  NOTHING_TOLD,
  TOLD_COLUMNS,
} from '../rows/friend-row.ts';
import { PERSON_COLUMNS, type PersonRow, personDataOf } from '../rows/profile-row.ts';
import type { ListState } from '../view/entries/list-state.ts';

const ONE_SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

const REVISION = 'SELECT revision FROM friend_list WHERE owner_id = $1';

// Each profile is looked up, in the order of the index: a join could be planned as a scan of all profiles.
const FRIENDS = `
  SELECT ${PERSON_COLUMNS}, ${INDEXED_COLUMNS}
  FROM friend CROSS JOIN LATERAL (SELECT ${PERSON_COLUMNS} FROM profile WHERE user_id = friend_id LIMIT 1) AS person
  WHERE owner_id = $1`;

const TOLD = `SELECT friend_id, ${TOLD_COLUMNS} FROM friend WHERE owner_id = $1 AND ${HAS_TOLD}`;

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
      const { rows: told } = await sql.query<ToldRow>(TOLD, [ownerId]);
      const toldOf = new Map(told.map(({ friend_id: friendId, ...rest }) => [friendId, rest]));
      const { rows: requests } = await sql.query<FriendRequestRow>(REQUESTS, [ownerId]);
      return {
        revision: Number(lists[0]?.revision ?? 0),
        friends: friends.map((row) => friendOf({ ...row, ...(toldOf.get(row.user_id) ?? NOTHING_TOLD) })),
        requests: requests.map(listedRequestOf),
      };
    },
    ONE_SNAPSHOT,
  );
}

type Told = keyof typeof NOTHING_TOLD;
type FriendRow = PersonRow & Omit<DetailsRow, Told>;
type ToldRow = { readonly friend_id: string } & Pick<DetailsRow, Told>;

function friendOf(row: PersonRow & DetailsRow): FriendData {
  return friendData(personDataOf(row), present(detailsOf(row), 'an entry of a list has its details'));
}
