import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { KithError, readId } from '@kith/service-kit';
import { GraphQLError, GraphQLScalarType, type GraphQLSchema, parse } from 'graphql';
import type { CircleLimits } from '../rules/circle.ts';
import { CircleRefused } from '../rules/refusal.ts';
import { circleFields } from './circle-fields.ts';
import { circleMutations } from './circle-mutations.ts';
import { type CirclesContext, viewerOf } from './circles-context.ts';
import { listQueries } from './list-queries.ts';

const SDL = readFileSync(new URL('circles.graphql', import.meta.url), 'utf8');

/** Instants are text already, in events and answers alike. */
const DateTime = new GraphQLScalarType({ name: 'DateTime', serialize: String });

/** The subgraph: circles.graphql, and what answers each of its fields. */
export function circlesSubgraph(limits: CircleLimits): GraphQLSchema {
  const atTheGateway = {
    subscribe: () => {
      throw new KithError('BAD_USER_INPUT', 'Subscribe at the gateway.');
    },
  };
  return buildSubgraphSchema({
    typeDefs: parse(SDL),
    resolvers: {
      DateTime,
      ...circleFields,
      Query: {
        ...listQueries,
        async circle(_root: unknown, { id }: { id: string }, context: CirclesContext) {
          viewerOf(context);
          const circle = await context.circles.load(readId('id', id));
          return circle && { __typename: 'Circle', id: circle.id };
        },
      },
      Mutation: refusing(circleMutations(limits)),
      Subscription: { circleMembersChanged: atTheGateway, ownCirclesChanged: atTheGateway },
    } as never,
  });
}

// biome-ignore lint/suspicious/noExplicitAny: of any field.
type Resolver = (root: unknown, args: any, context: CirclesContext) => Promise<unknown>;

/** Refusals reach clients with this service's own codes. */
function refusing<Resolvers extends Record<string, Resolver>>(resolvers: Resolvers): Record<string, Resolver> {
  return Object.fromEntries(
    Object.entries(resolvers).map(([name, resolve]) => [
      name,
      async (root, args, context) => {
        try {
          return await resolve(root, args, context);
        } catch (error) {
          if (!(error instanceof CircleRefused)) throw error;
          throw new GraphQLError(error.message, { extensions: { code: error.code, ...error.details } });
        }
      },
    ]),
  );
}
