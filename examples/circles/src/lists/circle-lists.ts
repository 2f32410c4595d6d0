import type { SqlConnection } from '@kith/event-delivery';
import type { EnvelopeOf } from '@kith/event-delivery/envelope';
import type { ChangePlace, LiveList, LiveLists } from '@kith/live-list';
import {
  CIRCLE_MEMBERS,
  CIRCLE_MEMBERS_CONSUMER,
  type Leaving,
  type MemberData,
  memberContracts,
  OWN_CIRCLES,
  OWN_CIRCLES_CONSUMER,
  type OwnCircleData,
  ownCircleContracts,
} from '../contracts/circle-events.ts';
import { readCirclesOf, readMembers } from '../store/read-circles.ts';
import { memberData, ownCircleData } from '../store/save-circle.ts';

/** Of a snapshot. */
const ENTRIES_PER_PAGE = 200;

export type MembersEvent = EnvelopeOf<(typeof memberContracts)[number]>;
export type OwnCirclesEvent = EnvelopeOf<(typeof ownCircleContracts)[number]>;

/** Changes as the schema names them, in circles.graphql. */
export type MembersChange = ChangePlace &
  (
    | { readonly __typename: 'CircleMemberJoined' | 'CircleMemberChanged'; readonly member: MemberAnswer }
    | { readonly __typename: 'CircleMemberLeft'; readonly userId: string; readonly leaving: Leaving }
  );
export type OwnCirclesChange = ChangePlace &
  (
    | { readonly __typename: 'OwnCircleAdded' | 'OwnCircleChanged'; readonly circle: OwnCircleAnswer }
    | { readonly __typename: 'OwnCircleRemoved'; readonly circleId: string }
  );

export interface MembersPage {
  readonly __typename: 'CircleMembersSnapshot';
  readonly members: readonly MemberAnswer[];
}
export interface OwnCirclesPage {
  readonly __typename: 'OwnCirclesSnapshot';
  readonly circles: readonly OwnCircleAnswer[];
}

export interface CircleLists {
  readonly members: LiveList<MembersEvent, MembersChange, MembersPage>;
  readonly own: LiveList<OwnCirclesEvent, OwnCirclesChange, OwnCirclesPage>;
}

/** The two kinds of live lists of this service: all that there is to say about them. */
export function declareLists(lists: LiveLists): CircleLists {
  return {
    members: lists.declare({
      kind: CIRCLE_MEMBERS,
      contracts: memberContracts,
      durable: CIRCLE_MEMBERS_CONSUMER,
      changeOf: membersChange,
      // Members alone may watch.
      endsWatching: ({ name }) => name === 'circles.member.left',
      readPages: membersPageByPage,
    }),
    own: lists.declare({
      kind: OWN_CIRCLES,
      contracts: ownCircleContracts,
      durable: OWN_CIRCLES_CONSUMER,
      changeOf: ownCirclesChange,
      readPages: ownCirclesPageByPage,
    }),
  };
}

/** Keyset pagination: no more than a page is in memory, however many there are. A list of nobody is one empty page. */
async function* membersPageByPage(sql: SqlConnection, circleId: string): AsyncGenerator<MembersPage> {
  for (let after: string | undefined; ; ) {
    const page = await readMembers(sql, circleId, { after, first: ENTRIES_PER_PAGE });
    if (page.length > 0 || after === undefined) {
      yield { __typename: 'CircleMembersSnapshot', members: page.map((member) => memberAnswer(memberData(member))) };
    }
    if (page.length < ENTRIES_PER_PAGE) return;
    after = page.at(-1)?.userId;
  }
}

async function* ownCirclesPageByPage(sql: SqlConnection, userId: string): AsyncGenerator<OwnCirclesPage> {
  for (let after: string | undefined; ; ) {
    const page = await readCirclesOf(sql, userId, { after, first: ENTRIES_PER_PAGE });
    const circles = page.map(({ circleId, name, ...member }) => ownCircleAnswer(ownCircleData(circleId, name, member)));
    if (page.length > 0 || after === undefined) yield { __typename: 'OwnCirclesSnapshot', circles };
    if (page.length < ENTRIES_PER_PAGE) return;
    after = page.at(-1)?.circleId;
  }
}

function membersChange(event: MembersEvent, place: ChangePlace): MembersChange {
  switch (event.name) {
    case 'circles.member.joined':
      return { __typename: 'CircleMemberJoined', ...place, member: memberAnswer(event.data.member) };
    case 'circles.member.changed':
      return { __typename: 'CircleMemberChanged', ...place, member: memberAnswer(event.data.after) };
    case 'circles.member.left': {
      const { member, reason } = event.data;
      return { __typename: 'CircleMemberLeft', ...place, userId: member.userId, leaving: reason };
    }
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

function ownCirclesChange(event: OwnCirclesEvent, place: ChangePlace): OwnCirclesChange {
  switch (event.name) {
    case 'circles.own.added':
      return { __typename: 'OwnCircleAdded', ...place, circle: ownCircleAnswer(event.data.circle) };
    case 'circles.own.changed':
      return { __typename: 'OwnCircleChanged', ...place, circle: ownCircleAnswer(event.data.after) };
    case 'circles.own.removed':
      return { __typename: 'OwnCircleRemoved', ...place, circleId: event.data.circle.circleId };
    default: {
      const unhandled: never = event;
      return unhandled;
    }
  }
}

export interface MemberAnswer extends Omit<MemberData, 'userId'> {
  readonly __typename: 'CircleMember';
  /** What is another service's of the person is joined by the gateway. */
  readonly user: { readonly __typename: 'User'; readonly id: string };
}

export function memberAnswer({ userId, role, joinedAt }: MemberData): MemberAnswer {
  return { __typename: 'CircleMember', user: { __typename: 'User', id: userId }, role, joinedAt };
}

export interface OwnCircleAnswer extends Omit<OwnCircleData, 'circleId'> {
  readonly __typename: 'OwnCircle';
  readonly circle: { readonly __typename: 'Circle'; readonly id: string };
}

export function ownCircleAnswer({ circleId, name, role, joinedAt }: OwnCircleData): OwnCircleAnswer {
  return { __typename: 'OwnCircle', circle: { __typename: 'Circle', id: circleId }, name, role, joinedAt };
}
