import type { Leaving, Role } from '../contracts/circle-events.ts';
import { CircleRefused } from './refusal.ts';

export interface Member {
  readonly userId: string;
  readonly role: Role;
  readonly joinedAt: Date;
}

/** What commands about a circle decide by: the circle, and of its members those that the command names. */
export interface CircleState {
  readonly id: string;
  readonly name: string;
  readonly memberCount: number;
  readonly ownerCount: number;
  readonly members: ReadonlyMap<string, Member>;
  /** Who would be owner after the last one: the first who came, admins before members. */
  readonly heir: Member | undefined;
}

export interface CircleLimits {
  readonly membersPerCircle: number;
  readonly circlesPerPerson: number;
}

/** What happened, in the order in which it did. */
export type CircleFact =
  | { readonly name: 'joined'; readonly member: Member }
  | { readonly name: 'role-changed'; readonly before: Member; readonly after: Member }
  | { readonly name: 'left'; readonly member: Member; readonly reason: Leaving }
  | { readonly name: 'renamed'; readonly to: string };

/** The rules of circles, pure: each answers what happened, or throws CircleRefused. What is so already changes nothing. */
export function join(circle: CircleState, userId: string, now: Date, limits: CircleLimits): CircleFact[] {
  if (circle.members.has(userId)) return [];
  if (circle.memberCount >= limits.membersPerCircle) {
    throw new CircleRefused('CIRCLE_IS_FULL', `A circle has at most ${limits.membersPerCircle} members.`);
  }
  return [{ name: 'joined', member: { userId, role: 'MEMBER', joinedAt: now } }];
}

export function leave(circle: CircleState, userId: string): CircleFact[] {
  const member = memberIn(circle, userId);
  refuseToLoseTheLastOwner(circle, member);
  return [{ name: 'left', member, reason: 'LEFT' }];
}

export function remove(circle: CircleState, byId: string, userId: string): CircleFact[] {
  const by = memberIn(circle, byId);
  if (byId === userId) return leave(circle, userId);
  requireRole(by, 'ADMIN');
  const member = circle.members.get(userId);
  if (!member) return [];
  if (by.role === 'ADMIN' && member.role !== 'MEMBER') throw tooLow('Only an owner can remove an admin or an owner.');
  return [{ name: 'left', member, reason: 'REMOVED' }];
}

export function setRole(circle: CircleState, byId: string, userId: string, role: Role): CircleFact[] {
  requireRole(memberIn(circle, byId), 'OWNER');
  const before = memberIn(circle, userId);
  if (before.role === role) return [];
  refuseToLoseTheLastOwner(circle, before);
  return [{ name: 'role-changed', before, after: { ...before, role } }];
}

export function rename(circle: CircleState, byId: string, name: string): CircleFact[] {
  requireRole(memberIn(circle, byId), 'ADMIN');
  return name === circle.name ? [] : [{ name: 'renamed', to: name }];
}

/** Nobody asks for it and nobody can refuse it: a circle whose only owner's account is gone is its heir's. */
export function loseAccount(circle: CircleState, userId: string): CircleFact[] {
  const member = circle.members.get(userId);
  if (!member) return [];
  const left: CircleFact = { name: 'left', member, reason: 'ACCOUNT_GONE' };
  const isOrphaned = member.role === 'OWNER' && circle.ownerCount === 1;
  if (!isOrphaned || !circle.heir) return [left];
  return [{ name: 'role-changed', before: circle.heir, after: { ...circle.heir, role: 'OWNER' } }, left];
}

const RANK: Readonly<Record<Role, number>> = { OWNER: 2, ADMIN: 1, MEMBER: 0 };

function memberIn({ members }: CircleState, userId: string): Member {
  const member = members.get(userId);
  if (member) return member;
  throw new CircleRefused('NOT_A_MEMBER', 'Only members can do that, and to members: join first.', { field: 'userId' });
}

function requireRole(member: Member, least: Role): void {
  if (RANK[member.role] < RANK[least])
    throw tooLow(`Only ${least === 'OWNER' ? 'an owner' : 'an owner or admin'} can.`);
}

function tooLow(message: string): CircleRefused {
  return new CircleRefused('ROLE_TOO_LOW', message);
}

function refuseToLoseTheLastOwner(circle: CircleState, member: Member): void {
  if (member.role !== 'OWNER' || circle.ownerCount > 1 || circle.memberCount === 1) return;
  throw new CircleRefused('LAST_OWNER_MUST_STAY', 'Make somebody else an owner first.');
}
