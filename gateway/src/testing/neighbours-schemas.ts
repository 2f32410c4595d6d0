import { LIVE_DIRECTIVE_SDL, LIVE_SPECIFICATION } from '@kith/event-contracts';
import { KithError, type SubgraphContext } from '@kith/service-kit';
import { composeServices } from '@theguild/federation-composition';
import { parse } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { FriendLists } from './friend-lists-in-memory.ts';

/** The supergraph of both, with `more` types of theirs. */
export function composeNeighbours(more: { readonly user?: string; readonly friend?: string } = {}): string {
  const { supergraphSdl, errors } = composeServices([
    { name: 'user', url: 'http://user/graphql', typeDefs: parse(USER_SDL + (more.user ?? '')) },
    { name: 'friend', url: 'http://friend/graphql', typeDefs: parse(FRIEND_SDL + (more.friend ?? '')) },
  ]);
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}

export const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@shareable", "@external", "@provides", "@inaccessible", "@interfaceObject", "@composeDirective"])`;
/** For a subgraph that has live lists. */
export const LIVE = `extend schema @link(url: "${LIVE_SPECIFICATION}", import: ["@live"]) @composeDirective(name: "@live")
${LIVE_DIRECTIVE_SDL}`;

export const USER_SDL = `${LINK}
  type Query { me: User user(id: ID!): User boom: String }
  type Mutation { rename(nickname: String!): User! signIn(userId: ID!): Session! }
  type Session { accessToken: String! refreshToken: String! user: User! friend: User! broken: String! }
  type User @key(fields: "id") { id: ID! username: String! nickname: String! @shareable avatarUrl: String @shareable }
`;

export const FRIEND_SDL = `${LINK} ${LIVE}
  type Query {
    friendListChanges(after: String, first: Int = 200): FriendListDelta!
    friendListStands(owners: [ID!]!, cursors: [String!]): FriendListStands! @inaccessible
  }
  type Mutation { updateFriend(userId: ID!, remark: String): Friend! }
  type Subscription {
    friendListChanged(after: String): FriendListChange!
      @live(kind: "friend-list", changes: "friendListChanges", stands: "friendListStands")
  }
  type FriendListStands @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! }
  type User @key(fields: "id") {
    id: ID!
    nickname: String! @external
    avatarUrl: String @external
    friendCount: Int!
    "Told to nobody else."
    ownCount: Int!
    mutual(first: Int = 20): [Int!]!
  }
  type Friend {
    user: User! @provides(fields: "nickname avatarUrl")
    remark: String displayName: String! pinned: Boolean! tags: [String!]! since: String!
  }
  type FriendRequest { id: ID! from: User! to: User! message: String sentAt: String! }
  type FriendListDelta { changes: [FriendListChange!]! cursor: String! revision: Int! hasMore: Boolean! }
  interface FriendListChange { cursor: String! revision: Int! occurredAt: String! }
  type FriendListSnapshot implements FriendListChange {
    cursor: String! revision: Int! occurredAt: String!
    reason: SnapshotReason! friends: [Friend!]! requests: [FriendRequest!]! complete: Boolean!
  }
  enum SnapshotReason { SUBSCRIBED CURSOR_EXPIRED CURSOR_INVALID }
  type FriendAdded implements FriendListChange { cursor: String! revision: Int! occurredAt: String! friend: Friend! }
  type FriendChanged implements FriendListChange { cursor: String! revision: Int! occurredAt: String! friend: Friend! }
  type FriendRemoved implements FriendListChange { cursor: String! revision: Int! occurredAt: String! userId: ID! }
  type FriendRequestAdded implements FriendListChange {
    cursor: String! revision: Int! occurredAt: String! request: FriendRequest!
  }
  type FriendRequestClosed implements FriendListChange {
    cursor: String! revision: Int! occurredAt: String! requestId: ID! outcome: RequestOutcome!
  }
  enum RequestOutcome { ACCEPTED DECLINED CANCELLED WITHDRAWN }
`;

const ENTITIES = `
  scalar _Any
  union _Entity = User
  extend type Query { _entities(representations: [_Any!]!): [_Entity]! }
  scalar federation__FieldSet
  scalar link__Import
  directive @key(fields: federation__FieldSet!, resolvable: Boolean) repeatable on OBJECT
  directive @shareable on FIELD_DEFINITION
  directive @external on FIELD_DEFINITION
  directive @inaccessible on FIELD_DEFINITION | OBJECT
  directive @provides(fields: federation__FieldSet!) on FIELD_DEFINITION
`;

const mutual = ({ first }: { first: number }) => Array.from({ length: first }, (_, each) => each);
const person = (id: string) => ({ __typename: 'User', id, username: `u-${id}`, nickname: `N-${id}`, avatarUrl: null });
/** Without what only composition reads. */
export const EXECUTABLE = (sdl: string) => sdl.replace(LINK, '').replace(LIVE, LIVE_DIRECTIVE_SDL) + ENTITIES;

function signedIn({ viewer }: SubgraphContext): string {
  if (!viewer) throw new KithError('UNAUTHENTICATED', 'Sign in.');
  return viewer.userId;
}

export function userSchema(tokenOf: (userId: string) => Promise<string>) {
  return createSchema<SubgraphContext>({
    typeDefs: EXECUTABLE(USER_SDL),
    resolvers: {
      Query: {
        me: (_root, _args, context) => (context.viewer ? person(context.viewer.userId) : null),
        user: (_root, { id }: { id: string }) => person(id),
        boom: () => {
          throw new Error('a secret of the service');
        },
        _entities: (_root, { representations }: { representations: { id: string }[] }) =>
          representations.map(({ id }) => person(id)),
      },
      Mutation: {
        rename: (_root, { nickname }, context) => ({ ...person(signedIn(context)), nickname }),
        signIn: async (_root, { userId }: { userId: string }) => ({
          accessToken: await tokenOf(userId),
          refreshToken: `refresh-${userId}`,
          user: person(userId),
          friend: person('somebody-else'),
        }),
      },
      Session: {
        broken: () => {
          throw new Error('a secret of the service');
        },
      },
    },
  });
}

export function friendSchema(lists: FriendLists) {
  return createSchema<SubgraphContext>({
    typeDefs: EXECUTABLE(FRIEND_SDL),
    resolvers: {
      Query: {
        friendListChanges: (_root, { after, first }, context) =>
          lists.changesSince(signedIn(context), after ?? null, first),
        friendListStands: (_root, { owners, cursors = [] }: { owners: string[]; cursors?: string[] }) => ({
          timeline: lists.timeline,
          revisions: () => lists.revisionsOf(owners),
          unchanged: () => lists.stillAt(owners, cursors),
        }),
        _entities: (_root, { representations }: { representations: { id: string }[] }) =>
          representations.map(({ id }) => ({ __typename: 'User', id, friendCount: 7, mutual })),
      },
      User: {
        ownCount: ({ id }: { id: string }, _args, context) => {
          if (context.viewer?.userId !== id) throw new KithError('FORBIDDEN', 'That is theirs alone.');
          return 5;
        },
      },
      Mutation: {
        updateFriend: (_root, { userId }: { userId: string }) => {
          throw new KithError('NOT_FRIENDS', `You are not friends with ${userId}.`);
        },
      },
    },
  });
}
