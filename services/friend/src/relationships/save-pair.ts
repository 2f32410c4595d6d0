import { appendedAs, appending, type OutboxEvent, type SqlConnection } from '@kith/event-delivery';
import { invariant, present } from '@kith/service-kit';
import type { FriendRequest, Person, Side as StateOfSide } from '../domain/relationship-state.ts';
import { FIGURE_COLUMNS, figureValues, type ListFigures } from '../rows/friend-list-row.ts';
import { REQUEST_COLUMNS, requestValues } from '../rows/friend-request-row.ts';
import { CHANGEABLE_COLUMNS, changeableValues, DETAIL_COLUMNS, detailValues } from '../rows/friend-row.ts';
import type { LoadedPair } from './load-pair.ts';
import { directed, type RowChanges } from './save-relationships.ts';

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
 * Optimistic concurrency: saves rows, lists and events of one command about two people in one statement, if both lists
 * are still as they were loaded. If one is not, it changes nothing at all and throws PairHasChanged.
 */
export async function savePair(sql: SqlConnection, loaded: LoadedPair, after: PairToSave): Promise<void> {
  await appending(after.events, async (events) => {
    const { text, values } = statementFor(loaded, after, events);
    const { rows } = await sql.query<{ saved: boolean }>(text, values);
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

type Value = (of: unknown, type: string) => string;

/**
 * One sub-statement for each row that changes: Postgres plans each of the few kinds of commands once a connection, and
 * a sub-statement that has nothing to do would not be free.
 */
function statementFor(loaded: LoadedPair, after: PairToSave, events: readonly unknown[]) {
  const values: unknown[] = [];
  const value: Value = (of, type) => `$${values.push(of)}::${type}`;
  const { pair, lists, state } = loaded;
  invariant(
    state !== undefined && pair.viewerId !== pair.otherId && lists.size === 2 && after.lists.size === 2,
    'a command about two people saves exactly two lists (S6)',
    () => ({ ...pair, loaded: [...lists.keys()], saved: [...after.lists.keys()] }),
  );
  const sideOf = (userId: string, { friend, person }: StateOfSide): Side => ({
    ...{ userId, id: value(userId, 'uuid'), person, hadFriend: friend !== null },
    before: present(lists.get(userId), 'both lists are loaded (S6)'),
    now: present(after.lists.get(userId), 'both lists are saved (S6)'),
  });
  const one = sideOf(pair.viewerId, state.viewer);
  const two = sideOf(pair.otherId, state.other);
  const { changes } = after;
  const rows = [
    ...[one, two].flatMap((side) => movedList(side, value)),
    ...[...friendRow(one, two, changes, value), ...friendRow(two, one, changes, value)],
    ...[...changes.requests.values()].map((request) => requestRow(request, loaded, value)),
    ...[...blockRow(one, two, changes, value), ...blockRow(two, one, changes, value)],
  ];
  const parts = [
    ...lockedAsLoaded([one, two], changes.newTie, value),
    ...rows.map((row, at) => `row_${at + 1} AS (${row})`),
  ];
  const { wakesRelays: wakes } = after;
  if (after.events.length > 0) {
    parts.push(appendedAs(values.length + 1, { onlyIf: IF_STILL_AS_LOADED, wakes }));
    values.push(...events);
  }
  const woken = after.events.length > 0 && wakes ? ', (SELECT count(*) FROM relays_woken)' : '';
  return { text: `WITH ${parts.join(',\n')} SELECT ${IF_STILL_AS_LOADED} AS saved${woken}`, values };
}

interface Side {
  readonly userId: string;
  /** The parameter that holds it. */
  readonly id: string;
  readonly person: Person;
  readonly hadFriend: boolean;
  readonly before: ListFigures;
  readonly now: ListFigures;
}

// Profiles before lists, and both in the order of ids: the order in which everybody here takes these locks.
function lockedAsLoaded(sides: readonly [Side, Side], newTie: boolean, value: Value): string[] {
  const either = (condition: (side: Side) => string) => sides.map(condition).join(' OR ');
  const lists = either(
    ({ id, before }) => `owner_id = ${id} AND revision = ${value(before.revision, 'bigint')}
      AND hidden_changes = ${value(before.hiddenChanges, 'bigint')}`,
  );
  const locked = (after = '') => `lists AS MATERIALIZED (
    SELECT FROM friend_list WHERE (${lists}) ${after} ORDER BY owner_id FOR UPDATE)`;
  if (!newTie) return [locked()];
  // Whoever copies or erases a profile locks it and then looks for the lists that show the person: a tie that is made
  // meanwhile would be overlooked, so it waits, and then finds the profile changed.
  const people = either(
    ({ id, person }) => `user_id = ${id} AND nickname = ${value(person.nickname, 'text')}
      AND avatar_url IS NOT DISTINCT FROM ${value(person.avatarUrl, 'text')}
      AND friend_policy = ${value(person.friendPolicy, 'text')}`,
  );
  const known = `people AS MATERIALIZED (
    SELECT FROM profile WHERE NOT deleted AND (${people}) ORDER BY user_id FOR SHARE)`;
  return [known, locked('AND (SELECT count(*) FROM people) = 2')];
}

function movedList({ id, before, now }: Side, value: Value): string[] {
  if (now.revision === before.revision && now.hiddenChanges === before.hiddenChanges) return [];
  return [
    `UPDATE friend_list SET (${FIGURE_COLUMNS}) = ROW (${figureValues(now, value)})
    WHERE ${IF_STILL_AS_LOADED} AND owner_id = ${id}`,
  ];
}

function friendRow(owner: Side, friend: Side, { friends }: RowChanges, value: Value): string[] {
  const change = friends.get(directed(owner.userId, friend.userId));
  if (!change) return [];
  const { details } = change;
  const isTheRow = `${IF_STILL_AS_LOADED} AND owner_id = ${owner.id} AND friend_id = ${friend.id}`;
  if (!details) return [`DELETE FROM friend WHERE ${isTheRow}`];
  if (owner.hadFriend) {
    return [`UPDATE friend SET (${CHANGEABLE_COLUMNS}) = ROW (${changeableValues(details, value)}) WHERE ${isTheRow}`];
  }
  return [
    `INSERT INTO friend (owner_id, friend_id, ${DETAIL_COLUMNS})
    SELECT ${owner.id}, ${friend.id}, ${detailValues(details, value)} WHERE ${IF_STILL_AS_LOADED}`,
  ];
}

function requestRow(request: FriendRequest, { state, request: named }: LoadedPair, value: Value): string {
  const { id, status, closedAt } = request;
  if (id === state?.openRequest?.id || id === named?.id) {
    return `UPDATE friend_request SET (status, closed_at) = ROW (${value(status, 'text')}, ${value(closedAt, 'timestamptz')})
      WHERE ${IF_STILL_AS_LOADED} AND id = ${value(id, 'uuid')}`;
  }
  return `INSERT INTO friend_request (${REQUEST_COLUMNS})
    SELECT ${requestValues(request, value)} WHERE ${IF_STILL_AS_LOADED}`;
}

function blockRow(owner: Side, blocked: Side, { blocks }: RowChanges, value: Value): string[] {
  const change = blocks.get(directed(owner.userId, blocked.userId));
  if (!change) return [];
  if (!change.since) {
    return [`DELETE FROM block WHERE ${IF_STILL_AS_LOADED} AND owner_id = ${owner.id} AND blocked_id = ${blocked.id}`];
  }
  return [
    `INSERT INTO block (owner_id, blocked_id, since)
    SELECT ${owner.id}, ${blocked.id}, ${value(change.since, 'timestamptz')} WHERE ${IF_STILL_AS_LOADED}
    ON CONFLICT DO NOTHING`,
  ];
}
