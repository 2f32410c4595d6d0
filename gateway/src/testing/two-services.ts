import { LIVE_DIRECTIVE_SDL } from '@kith/event-contracts';
import { composeServices } from '@theguild/federation-composition';
import { type ExecutionResult, execute, type GraphQLSchema, parse } from 'graphql';
import { createSchema } from 'graphql-yoga';
import type { SubgraphCall } from '../subgraphs/call-subgraph.ts';
import { LIVE } from './neighbours-schemas.ts';

/**
 * Two services over one small world, and the same world as one schema: what plans over the two answer must be what
 * plain execution over the one answers. Some fields are null or fail, each always in the same way.
 */
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",
  import: ["@key", "@shareable", "@external", "@provides", "@inaccessible", "@composeDirective"])`;

const SHARED = `
  interface Event { cursor: String! revision: Int! about: User }
  type Joined implements Event { cursor: String! revision: Int! about: User by: User! mood: String sign: Badge }
  type Left implements Event { cursor: String! revision: Int! about: User mood: Int sign: Note }
  type Badge { of: User text: String }
  type Note { of: User text: String }
  union Found = User | Joined
`;

const USER_FIELDS =
  'username: String! nickname: String @shareable quote: String fragile: String! says(times: Int = 1, to: Addressed): String';
const FRIEND_FIELDS =
  'friends(first: Int = 2): [User!]! best: User @provides(fields: "nickname") events(kind: String): [Event!]! found: [Found] rank: Int steady: Int!';

const ADDRESSED = 'input Addressed { name: String loud: Boolean }';

const undirected = (fields: string) => fields.replace(/@shareable|@provides\(.*?\)/g, '');

const USER_SDL = `${LINK}
  type Query { me: User user(id: ID!): User people(ids: [ID!]!): [User]! broken: User! both: User @shareable }
  type Mutation { rename(id: ID!): User! touch(id: ID!): Int }
  type User @key(fields: "id") { id: ID! ${USER_FIELDS} }
  ${ADDRESSED}
`;
const FRIEND_SDL = `${LINK} ${LIVE}
  type Query {
    top: User latest: Event both: User @shareable
    happenings(after: String, first: Int): Happenings! @inaccessible
    stands(owners: [ID!]!, cursors: [String!]): Stands! @inaccessible
  }
  type Happenings @inaccessible { changes: [Event!]! cursor: String! revision: Int! hasMore: Boolean! }
  type Stands @inaccessible { timeline: ID! revisions: [Int!]! unchanged: [Int]! }
  type Mutation { befriend(id: ID!): User! }
  type Subscription { happened(after: String): Event @live(kind: "events", changes: "happenings", stands: "stands") }
  type User @key(fields: "id") { id: ID! nickname: String @external ${FRIEND_FIELDS} }
  ${SHARED}
`;
const WHOLE_SDL = `
  type Query {
    me: User user(id: ID!): User people(ids: [ID!]!): [User]! broken: User! top: User latest: Event both: User
  }
  type Mutation { rename(id: ID!): User! touch(id: ID!): Int befriend(id: ID!): User! }
  type Subscription { happened(after: String): Event }
  type User { id: ID! ${undirected(USER_FIELDS)} ${undirected(FRIEND_FIELDS)} }
  ${SHARED} ${ADDRESSED}
`;

const ENTITIES = `
  scalar _Any
  union _Entity = User
  extend type Query { _entities(representations: [_Any!]!): [_Entity]! }
  scalar federation__FieldSet
  directive @key(fields: federation__FieldSet!) repeatable on OBJECT
  directive @shareable on FIELD_DEFINITION
  directive @external on FIELD_DEFINITION
  directive @inaccessible on FIELD_DEFINITION | OBJECT
  directive @provides(fields: federation__FieldSet!) on FIELD_DEFINITION
`;

const user = (id: string) => ({ __typename: 'User', id });
/** So that every person differs, and always in the same way. */
const numberOf = (text: string) => [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 997, 7);
const other = (id: string, step: number) => user(`p${(numberOf(id) + step) % 9}`);

function failing(what: string): never {
  throw new Error(`${what} fails`);
}

const userFields = {
  username: ({ id }: { id: string }) => `u-${id}`,
  nickname: ({ id }: { id: string }) => (numberOf(id) % 3 === 0 ? null : `n-${id}`),
  quote: ({ id }: { id: string }) => (numberOf(id) % 4 === 0 ? failing('quote') : `"${id}"`),
  fragile: ({ id }: { id: string }) => (numberOf(id) % 5 === 0 ? failing('fragile') : `f-${id}`),
  says: ({ id }: { id: string }, { times, to }: { times: number | null; to?: object }) =>
    `${id} ${times} ${JSON.stringify({ loud: undefined, name: undefined, ...to })}`,
};
const friendFields = {
  friends: ({ id }: { id: string }, { first }: { first: number }) =>
    Array.from({ length: first }, (_, step) => other(id, step + 1)),
  best: ({ id }: { id: string }) => (numberOf(id) % 4 === 1 ? null : other(id, 5)),
  events: ({ id }: { id: string }) => [event(id, 1), event(id, 2)],
  found: ({ id }: { id: string }) => [other(id, 2), event(id, 1), null],
  rank: ({ id }: { id: string }) => (numberOf(id) % 6 === 2 ? failing('rank') : numberOf(id)),
  steady: ({ id }: { id: string }) => numberOf(id),
};

function event(id: string, revision: number) {
  const about = numberOf(id + revision) % 4 === 0 ? null : other(id, revision);
  const sign = { of: other(id, revision + 3), text: `sign ${revision}` };
  if (revision % 2 === 0) return { __typename: 'Left', cursor: `c${revision}`, revision, about, mood: 3, sign };
  return { __typename: 'Joined', cursor: `c${revision}`, revision, about, by: other(id, 7), mood: 'glad', sign };
}

const entities = {
  _entities: (_root: unknown, { representations }: { representations: { id: string }[] }) =>
    representations.map(({ id }) => user(id)),
};
const userQueries = {
  me: () => user('p1'),
  user: (_root: unknown, { id }: { id: string }) => (id === 'nobody' ? null : user(id)),
  people: (_root: unknown, { ids }: { ids: string[] }) => ids.map((id) => (id === 'nobody' ? null : user(id))),
  broken: () => failing('broken'),
  both: () => user('p5'),
};
const friendQueries = { top: () => user('p4'), latest: () => event('p2', 1), both: () => user('p5') };
const userMutations = {
  rename: (_root: unknown, { id }: { id: string }) => user(id),
  touch: (_root: unknown, { id }: { id: string }) => (id === 'p3' ? failing('touch') : 1),
};
const friendMutations = {
  befriend: (_root: unknown, { id }: { id: string }) => (id === 'p2' ? failing('befriend') : user(id)),
};

export const wholeWorld: GraphQLSchema = createSchema({
  typeDefs: WHOLE_SDL,
  resolvers: {
    Query: { ...userQueries, ...friendQueries },
    Mutation: { ...userMutations, ...friendMutations },
    User: { ...userFields, ...friendFields },
  },
});

const inTheFriendService = { ...friendFields, nickname: userFields.nickname };
const services: Record<string, GraphQLSchema> = {
  user: createSchema({
    typeDefs: USER_SDL.replace(LINK, '') + ENTITIES,
    resolvers: { Query: { ...userQueries, ...entities }, Mutation: userMutations, User: userFields },
  }),
  friend: createSchema({
    typeDefs: FRIEND_SDL.replace(LINK, '').replace(LIVE, LIVE_DIRECTIVE_SDL) + ENTITIES,
    resolvers: { Query: { ...friendQueries, ...entities }, Mutation: friendMutations, User: inTheFriendService },
  }),
};

export function composedWorld(): string {
  const { supergraphSdl, errors } = composeServices([
    { name: 'user', url: 'http://user/graphql', typeDefs: parse(USER_SDL) },
    { name: 'friend', url: 'http://friend/graphql', typeDefs: parse(FRIEND_SDL) },
  ]);
  if (!supergraphSdl) throw new Error(String(errors));
  return supergraphSdl;
}

/** What a gateway would have to know to run it. */
export const KNOWN = ['user', 'friend'];

export type Asked = { service: string; query: string; variables: unknown };

/** The services as the gateway calls them; `away` does not answer, and those with an answer in `says` give that. */
export function callableServices({
  away,
  says = {},
  asked = [],
}: {
  away?: string;
  says?: Readonly<Record<string, ExecutionResult>>;
  asked?: Asked[];
} = {}) {
  const callable = (service: string) => ({
    async call({ query, variables }: SubgraphCall): Promise<ExecutionResult> {
      asked.push({ service, query, variables });
      if (service === away) {
        return JSON.parse(`{"errors":[{"message":"away","extensions":{"code":"SERVICE_UNAVAILABLE"}}]}`);
      }
      const said = says[service];
      if (said) return structuredClone(said);
      const schema = services[service]!;
      const result = await execute({ schema, document: parse(query), variableValues: { ...variables } });
      return JSON.parse(JSON.stringify(result));
    },
  });
  return { user: callable('user'), friend: callable('friend') };
}
