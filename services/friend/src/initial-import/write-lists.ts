import { type FriendData, friendListImported, type PersonData } from '@kith/event-contracts';
import { appendToOutbox, type SqlConnection } from '@kith/event-delivery';
import { RevisionLedger, type Stamp } from '@kith/live-list';
import { detailsAtFirst } from '../domain/friend-details.ts';
import { friendData } from '../domain/list-events.ts';
import { rowChangesOf, saveRelationships } from '../relationships/save-relationships.ts';
import type { ListFigures } from '../rows/friend-list-row.ts';
import { DETAIL_COLUMNS, detailValues } from '../rows/friend-row.ts';
import { type PersonRow, personDataOf } from '../rows/profile-row.ts';

const SIDES = (columns: string) => `SELECT ${columns} FROM bulk_import.pair WHERE import_id = $1 AND refused IS NULL`;

/** Two directed rows for each pair that was not refused, however often it is named; resolves to how many rows. */
export async function writeFriends(sql: SqlConnection, importId: string, since: Date): Promise<number> {
  const values: unknown[] = [importId];
  const details = detailValues(detailsAtFirst(null, since), (of, type) => `$${values.push(of)}::${type}`);
  const { rows } = await sql.query<{ written: number }>(
    `WITH written AS (
     INSERT INTO friend (owner_id, friend_id, ${DETAIL_COLUMNS})
     SELECT owner_id, friend_id, ${details}
     FROM (${SIDES('one AS owner_id, other AS friend_id')} UNION ${SIDES('other, one')}) AS sides
     ORDER BY owner_id, friend_id RETURNING 1)
     SELECT count(*)::int AS written FROM written`,
    values,
  );
  return rows[0]?.written ?? 0;
}

const LISTS_A_PAGE = 100;
const NOBODY = '00000000-0000-0000-0000-000000000000';

// Whose list has friends and no revision has them of this transaction: in one snapshot, so that a friendship that
// others begin meanwhile is seen with its revision or not at all.
const LISTS_AFTER = `
  WITH lists AS MATERIALIZED (
    SELECT owner_id FROM friend_list WHERE owner_id > $1 AND revision = 0 ORDER BY owner_id LIMIT ${LISTS_A_PAGE})
  SELECT owner_id, user_id, nickname, avatar_url
  FROM lists LEFT JOIN friend USING (owner_id) LEFT JOIN profile ON user_id = friend_id
  ORDER BY owner_id, friend_id`;

/** A quarter of what an event may hold. */
const PART_BYTES = 128 * 1024;

/**
 * Of each list its events, its revision and its counts, for friends that `writeFriends` has written.
 *
 * @param onLists told of each portion of lists that has been written, before the commit
 */
export async function writeLists(
  sql: SqlConnection,
  { since, stamp, onLists }: { since: Date; stamp: Stamp; onLists: (lists: number) => Promise<void> },
): Promise<void> {
  const details = detailsAtFirst(null, since);
  for (let after = NOBODY; ; ) {
    const { rows } = await sql.query<ListedRow>(LISTS_AFTER, [after]);
    const last = rows.at(-1);
    if (!last) return;
    after = last.owner_id;
    const lists = new Map<string, FriendData[]>();
    for (const row of rows) {
      if (row.user_id === null) continue;
      const friends = lists.get(row.owner_id) ?? [];
      friends.push(friendData(personDataOf(row as PersonRow), details));
      lists.set(row.owner_id, friends);
    }
    const ledger = new RevisionLedger(
      [...lists.keys()].map((ownerId) => [ownerId, 0] as const),
      stamp,
    );
    const figures = new Map([...lists].map(([ownerId, friends]) => [ownerId, record(ledger, ownerId, friends, since)]));
    await saveRelationships(sql, rowChangesOf([]), figures);
    await appendToOutbox(sql, ledger.events);
    await onLists(lists.size);
  }
}

interface ListedRow {
  readonly owner_id: string;
  readonly user_id: PersonData['userId'] | null;
  readonly nickname: string | null;
  readonly avatar_url: string | null;
}

/** As many events as the list has parts; each is a revision. */
function record(
  ledger: RevisionLedger,
  ownerId: string,
  friends: readonly FriendData[],
  occurredAt: Date,
): ListFigures {
  const parts = inParts(friends);
  for (const [at, part] of parts.entries()) {
    const data = { friends: part, part: at + 1, parts: parts.length };
    ledger.record({ contract: friendListImported, ownerId, data, occurredAt });
  }
  return { revision: ledger.revisionOf(ownerId), hiddenChanges: 0, friendCount: friends.length, requestCount: 0 };
}

/** Cut so that each is about as large as a message should be at most. */
export function inParts(friends: readonly FriendData[], partBytes = PART_BYTES): FriendData[][] {
  const parts: FriendData[][] = [];
  let [part, bytes]: [FriendData[], number] = [[], 0];
  for (const friend of friends) {
    const size = Buffer.byteLength(JSON.stringify(friend)) + 1;
    if (part.length === 0 || bytes + size > partBytes) {
      [part, bytes] = [[], 0];
      parts.push(part);
    }
    part.push(friend);
    bytes += size;
  }
  return parts;
}
