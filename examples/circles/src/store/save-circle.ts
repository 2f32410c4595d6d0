import type { SqlConnection } from '@kith/event-delivery';
import { type ListEventDraft, recordChanges, type Stamp } from '@kith/live-list';
import {
  type MemberData,
  memberChanged,
  memberJoined,
  memberLeft,
  type OwnCircleData,
  ownCircleAdded,
  ownCircleChanged,
  ownCircleRemoved,
} from '../contracts/circle-events.ts';
import type { CircleFact, CircleState, Member } from '../rules/circle.ts';
import { readMembers } from './read-circles.ts';

/** Rows, revisions and events of what happened to a circle that is locked, in the transaction that holds the lock. */
export async function saveCircle(
  sql: SqlConnection,
  circle: CircleState,
  facts: readonly CircleFact[],
  { now, ...stamp }: Stamp & { now: Date },
): Promise<void> {
  const drafts: ListEventDraft[] = [];
  for (const fact of facts) {
    drafts.push(...(await draftsOf(sql, circle, fact, now)));
    await writeRows(sql, circle.id, fact);
  }
  await recordChanges(sql, drafts, stamp);
}

async function writeRows(sql: SqlConnection, circleId: string, fact: CircleFact): Promise<void> {
  switch (fact.name) {
    case 'joined': {
      const { userId, role, joinedAt } = fact.member;
      await sql.query('INSERT INTO circle_member (circle_id, user_id, role, joined_at) VALUES ($1, $2, $3, $4)', [
        ...[circleId, userId, role, joinedAt],
      ]);
      return count(sql, circleId, 1, role === 'OWNER' ? 1 : 0);
    }
    case 'role-changed': {
      const { before, after } = fact;
      await sql.query('UPDATE circle_member SET role = $3 WHERE circle_id = $1 AND user_id = $2', [
        ...[circleId, after.userId, after.role],
      ]);
      return count(sql, circleId, 0, Number(after.role === 'OWNER') - Number(before.role === 'OWNER'));
    }
    case 'left': {
      await sql.query('DELETE FROM circle_member WHERE circle_id = $1 AND user_id = $2', [
        circleId,
        fact.member.userId,
      ]);
      await count(sql, circleId, -1, fact.member.role === 'OWNER' ? -1 : 0);
      // The last one closes the door.
      await sql.query('DELETE FROM circle WHERE id = $1 AND member_count = 0', [circleId]);
      return;
    }
    case 'renamed':
      await sql.query('UPDATE circle SET name = $2 WHERE id = $1', [circleId, fact.to]);
      return;
    default: {
      const unhandled: never = fact;
      throw unhandled;
    }
  }
}

async function count(sql: SqlConnection, circleId: string, members: number, owners: number): Promise<void> {
  await sql.query('UPDATE circle SET member_count = member_count + $2, owner_count = owner_count + $3 WHERE id = $1', [
    circleId,
    members,
    owners,
  ]);
}

/** What the circle's list of members learns, and what the lists of the people do. */
async function draftsOf(
  sql: SqlConnection,
  { id, name }: CircleState,
  fact: CircleFact,
  occurredAt: Date,
): Promise<ListEventDraft[]> {
  const ofCircle = { ownerId: id, occurredAt };
  const own = (member: Member, named = name) => ownCircleData(id, named, member);
  switch (fact.name) {
    case 'joined': {
      const { member } = fact;
      return [
        { ...ofCircle, contract: memberJoined, data: { member: memberData(member) } },
        { ownerId: member.userId, occurredAt, contract: ownCircleAdded, data: { circle: own(member) } },
      ];
    }
    case 'role-changed': {
      const { before, after } = fact;
      const members = { before: memberData(before), after: memberData(after) };
      const circles = { before: own(before), after: own(after) };
      return [
        { ...ofCircle, contract: memberChanged, data: members },
        { ownerId: after.userId, occurredAt, contract: ownCircleChanged, data: circles },
      ];
    }
    case 'left': {
      const { member, reason } = fact;
      return [
        { ...ofCircle, contract: memberLeft, data: { member: memberData(member), reason } },
        { ownerId: member.userId, occurredAt, contract: ownCircleRemoved, data: { circle: own(member) } },
      ];
    }
    case 'renamed':
      return (await readMembers(sql, id)).map((member) => ({
        ...{ ownerId: member.userId, occurredAt, contract: ownCircleChanged },
        data: { before: own(member), after: own(member, fact.to) },
      }));
    default: {
      const unhandled: never = fact;
      throw unhandled;
    }
  }
}

export function memberData({ userId, role, joinedAt }: Member): MemberData {
  return { userId, role, joinedAt: joinedAt.toISOString() };
}

export function ownCircleData(
  circleId: string,
  name: string,
  { role, joinedAt }: Omit<Member, 'userId'>,
): OwnCircleData {
  return { circleId, name, role, joinedAt: joinedAt.toISOString() };
}
