import { appendedAs, appending, type OutboxEvent, type SqlConnection } from '@kith/event-delivery';
import type { Person } from '../domain/relationship-state.ts';
import type { LoadedPair } from './load-pair.ts';
import type { ListFigures } from './load-relationships.ts';
import { keptFriendsJson, type RowChanges, requestsJson } from './save-relationships.ts';

/** Something was changed between the load and the save: nothing was written, and the command is to decide again. */
export class PairHasChanged extends Error {
  constructor() {
    super('The two lists are not as they were loaded any more.');
  }
}

export interface PairToSave {
  readonly lists: ReadonlyMap<string, ListFigures>;
  readonly changes: RowChanges;
  readonly events: readonly OutboxEvent[];
  /** See `wakeTogether`. */
  readonly wakesRelays: boolean;
}

/**
 * Saves rows, lists and events of one command about two people in one statement, which changes nothing at all unless
 * both lists are still as they were loaded. Throws PairHasChanged then.
 */
export async function savePair(sql: SqlConnection, loaded: LoadedPair, after: PairToSave): Promise<void> {
  await appending(after.events, async (events) => {
    const { text, values } = statementFor(loaded, after, events);
    const { rows } = await sql.query(text, values);
    if (!rows[0]?.saved) throw new PairHasChanged();
  });
}

/**
 * Whether both lists are as loaded. `lists` waits for whoever holds one of the two rows, looks at the newest version of
 * each, and keeps them locked until the commit, which is the statement's end. Revisions and hidden changes only ever
 * rise, and every transaction that changes a fact of the pair raises those of one of the two lists in the same
 * transaction, behind the same lock. So if both are as loaded, nobody has changed a fact since the load; the snapshot
 * that the other sub-statements see, which is younger than the load and older than the lock, shows them as they are;
 * and nobody can change them before the commit.
 */
const IF_STILL_AS_LOADED = '(SELECT count(*) FROM lists) = 2';

// Prepared like any statement: a command needs a few of the sub-statements, and one that does nothing is not free.
function statementFor({ pair, people, lists }: LoadedPair, after: PairToSave, events: readonly unknown[]) {
  const values: unknown[] = [];
  const value = (of: unknown, type: string): string => {
    values.push(of);
    return `$${values.length}::${type}`;
  };
  const [one, two] = [pair.viewerId, pair.otherId].map((userId) => ({
    userId,
    id: value(userId, 'uuid'),
    person: people.get(userId)!,
    before: lists.get(userId)!,
    now: after.lists.get(userId)!,
  })) as [Side, Side];
  const { friends, requests, blocks, newTie } = after.changes;
  const parts: string[] = [];

  if (newTie) {
    // Whoever copies or erases a profile locks it and then looks for the lists that show the person: a tie that is made
    // meanwhile would be overlooked, so it waits, and then finds the profile changed.
    const asLoaded = ({ id, person }: Side) => `user_id = ${id} AND nickname = ${value(person.nickname, 'text')}
      AND avatar_url IS NOT DISTINCT FROM ${value(person.avatarUrl, 'text')}
      AND friend_policy = ${value(person.friendPolicy, 'text')}`;
    parts.push(`people AS MATERIALIZED (
    SELECT FROM profile WHERE NOT deleted AND (${asLoaded(one)} OR ${asLoaded(two)}) ORDER BY user_id FOR SHARE)`);
  }
  // After the profiles, and in the order of ids: the order in which everybody here takes these locks.
  const asLoaded = ({ id, before }: Side) => `owner_id = ${id} AND revision = ${value(before.revision, 'bigint')}
      AND hidden_changes = ${value(before.hiddenChanges, 'bigint')}`;
  parts.push(`lists AS MATERIALIZED (
    SELECT FROM friend_list
    WHERE (${asLoaded(one)} OR ${asLoaded(two)}) ${newTie ? 'AND (SELECT count(*) FROM people) = 2' : ''}
    ORDER BY owner_id FOR UPDATE)`);
  const figures = ({ id, now }: Side) =>
    `(${id}, ${value(now.revision, 'bigint')}, ${value(now.hiddenChanges, 'bigint')},
      ${value(now.friendCount, 'int')}, ${value(now.requestCount, 'int')})`;
  parts.push(`lists_moved AS (
    UPDATE friend_list AS list SET revision = now.revision, hidden_changes = now.hidden_changes,
      friend_count = now.friend_count, request_count = now.request_count
    FROM (VALUES ${figures(one)}, ${figures(two)})
      AS now (owner_id, revision, hidden_changes, friend_count, request_count)
    WHERE ${IF_STILL_AS_LOADED} AND list.owner_id = now.owner_id
      AND (list.revision, list.hidden_changes) <> (now.revision, now.hidden_changes))`);

  const details = [...friends.values()].map((friend) => friend.details);
  if (details.some((each) => !each)) {
    parts.push(`friends_gone AS (
    DELETE FROM friend WHERE ${IF_STILL_AS_LOADED}
      AND (owner_id = ${one.id} AND friend_id = ${two.id} OR owner_id = ${two.id} AND friend_id = ${one.id}))`);
  }
  if (details.some((each) => each)) {
    parts.push(`friends_kept AS (
    INSERT INTO friend (owner_id, friend_id, remark, pinned, tags, since)
    SELECT owner_id, friend_id, remark, pinned, ARRAY(SELECT jsonb_array_elements_text(tags)), since
    FROM jsonb_to_recordset(${value(keptFriendsJson(friends), 'jsonb')})
      AS kept (owner_id uuid, friend_id uuid, remark text, pinned boolean, tags jsonb, since timestamptz)
    WHERE ${IF_STILL_AS_LOADED}
    ON CONFLICT (owner_id, friend_id) DO UPDATE
    SET remark = excluded.remark, pinned = excluded.pinned, tags = excluded.tags)`);
  }
  if (requests.size > 0) {
    parts.push(`requests_written AS (
    INSERT INTO friend_request (id, from_id, to_id, message, remark, sent_at, status, closed_at)
    SELECT id, from_id, to_id, message, remark, sent_at, status, closed_at
    FROM jsonb_to_recordset(${value(requestsJson(requests), 'jsonb')})
      AS written (id uuid, from_id uuid, to_id uuid, message text, remark text, sent_at timestamptz, status text,
                  closed_at timestamptz)
    WHERE ${IF_STILL_AS_LOADED}
    ON CONFLICT (id) DO UPDATE SET status = excluded.status, closed_at = excluded.closed_at)`);
  }
  // A command comes from the viewer: nobody else can have blocked or unblocked.
  const block = blocks.get(`${pair.viewerId} ${pair.otherId}`);
  if (block?.since) {
    parts.push(`block_kept AS (
    INSERT INTO block (owner_id, blocked_id, since)
    SELECT ${one.id}, ${two.id}, ${value(block.since.toISOString(), 'timestamptz')} WHERE ${IF_STILL_AS_LOADED}
    ON CONFLICT DO NOTHING)`);
  } else if (block) {
    parts.push(`block_gone AS (
    DELETE FROM block WHERE ${IF_STILL_AS_LOADED} AND owner_id = ${one.id} AND blocked_id = ${two.id})`);
  }
  if (after.events.length > 0) {
    const wakes = value(after.wakesRelays, 'boolean');
    parts.push(appendedAs(values.length + 1, { onlyIf: IF_STILL_AS_LOADED, wakes }));
    values.push(...events);
  }
  const woken = after.events.length > 0 ? ', (SELECT count(*) FROM relays_woken)' : '';
  return { text: `WITH ${parts.join(',\n  ')}\n  SELECT ${IF_STILL_AS_LOADED} AS saved${woken}`, values };
}

interface Side {
  readonly userId: string;
  readonly id: string;
  readonly person: Person;
  readonly before: ListFigures;
  readonly now: ListFigures;
}
