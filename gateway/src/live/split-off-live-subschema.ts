import { filterSchema, MapperKind, mapSchema } from '@graphql-tools/utils';
import { GraphQLID, GraphQLNonNull, GraphQLObjectType, type GraphQLSchema, GraphQLString } from 'graphql';

/**
 * Splits a subgraph that declares subscriptions in two for the federation: what its service answers, and what the
 * gateway answers from announcements. The latter knows of a User only what an announcement holds, so that all else is
 * joined from whichever service has it, the declaring one included.
 */
export function splitOffLive(subgraph: GraphQLSchema): { service: GraphQLSchema; live: GraphQLSchema } {
  const service = filterSchema({ schema: subgraph, rootFieldFilter: (operation) => operation !== 'Subscription' });
  const subscriptions = filterSchema({
    schema: subgraph,
    rootFieldFilter: (operation) => operation === 'Subscription',
  });
  const live = mapSchema(subscriptions, {
    [MapperKind.OBJECT_TYPE]: (type) => (type.name === 'User' ? announcedUser : type),
  });
  return { service, live };
}

const announcedUser = new GraphQLObjectType({
  name: 'User',
  fields: {
    id: { type: new GraphQLNonNull(GraphQLID) },
    nickname: { type: new GraphQLNonNull(GraphQLString) },
    avatarUrl: { type: GraphQLString },
  },
});
