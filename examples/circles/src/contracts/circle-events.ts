import { defineEvent, type StreamName } from '@kith/event-delivery/envelope';
import { z } from 'zod';

/** Every durable name of this service. Each is data: changing one is a migration. */
export const CIRCLES_STREAM: StreamName = { name: 'CIRCLES', subjects: ['circles.>'] };
export const CIRCLES_SOURCE = 'examples/circles';

/** The two kinds of live lists: who is in a circle, and which circles a person is in. */
export const CIRCLE_MEMBERS = 'circle-members';
export const OWN_CIRCLES = 'own-circles';
export const CIRCLE_MEMBERS_CONSUMER = 'circle-members-announcements';
export const OWN_CIRCLES_CONSUMER = 'own-circles-announcements';
export const PEOPLE_CONSUMER = 'circles-people-who-left';

export const ROLES = ['OWNER', 'ADMIN', 'MEMBER'] as const;
const role = z.enum(ROLES);
export type Role = z.output<typeof role>;

const member = z.object({ userId: z.string(), role, joinedAt: z.iso.datetime() });
export type MemberData = z.output<typeof member>;

const leaving = z.enum(['LEFT', 'REMOVED', 'ACCOUNT_GONE']);
export type Leaving = z.output<typeof leaving>;

const ofMembers = <Name extends string, Newest extends z.ZodType>(name: Name, event: string, newest: Newest) =>
  defineEvent({ name, ownerKind: CIRCLE_MEMBERS, subject: (circleId) => `circles.${event}.${circleId}`, newest });

export const memberJoined = ofMembers('circles.member.joined', 'member-joined', z.object({ member }));
export const memberChanged = ofMembers(
  'circles.member.changed',
  'member-changed',
  z.object({ before: member, after: member }),
);
export const memberLeft = ofMembers('circles.member.left', 'member-left', z.object({ member, reason: leaving }));
export const memberContracts = [memberJoined, memberChanged, memberLeft] as const;

const ownCircle = z.object({ circleId: z.string(), name: z.string(), role, joinedAt: z.iso.datetime() });
export type OwnCircleData = z.output<typeof ownCircle>;

const ofPerson = <Name extends string, Newest extends z.ZodType>(name: Name, event: string, newest: Newest) =>
  defineEvent({ name, ownerKind: OWN_CIRCLES, subject: (userId) => `circles.${event}.${userId}`, newest });

export const ownCircleAdded = ofPerson('circles.own.added', 'own-added', z.object({ circle: ownCircle }));
export const ownCircleChanged = ofPerson(
  'circles.own.changed',
  'own-changed',
  z.object({ before: ownCircle, after: ownCircle }),
);
export const ownCircleRemoved = ofPerson('circles.own.removed', 'own-removed', z.object({ circle: ownCircle }));
export const ownCircleContracts = [ownCircleAdded, ownCircleChanged, ownCircleRemoved] as const;
