import { composeSubgraphs, publicSchemaOf } from '@kith/supergraph/compose';
import { type ExecutionResult, execute, type GraphQLSchema, parse } from 'graphql';
import type { SubgraphCall } from '../../subgraphs/call-subgraph.ts';
import { executable } from '../subgraphs-in-hand.ts';
import type { World } from './generate-world.ts';
import { sdlOf } from './subgraphs-of-world.ts';
import { objectOf, resolvePart, resolveWhole } from './values-of-world.ts';

export function composeWorld(world: World): string {
  return composeSubgraphs(world.subgraphs.map((name) => ({ name, sdl: sdlOf(world, name) })));
}

/** The world as one schema, which plain execution answers. */
export function wholeOf(world: World, supergraphSdl: string) {
  const schema: GraphQLSchema = publicSchemaOf(supergraphSdl);
  const fieldResolver = resolveWhole(world, schema);
  const answer = async (text: string, variableValues: Record<string, unknown>): Promise<ExecutionResult> =>
    JSON.parse(JSON.stringify(await execute({ schema, document: parse(text), variableValues, fieldResolver })));
  return { schema, answer };
}

/** Its subgraphs as the gateway calls them. */
export function callableWorld(world: World) {
  return Object.fromEntries(
    world.subgraphs.map((name) => {
      const schema = executable(parse(sdlOf(world, name)));
      const fieldResolver = resolvePart(world, name);
      const rootValue = {};
      const call = async ({ query, variables = {} }: SubgraphCall): Promise<ExecutionResult> => {
        const variableValues = JSON.parse(JSON.stringify(variables));
        const resolver: typeof fieldResolver = (source, args, context, info) =>
          info.fieldName === '_entities' ? args.representations.map((each: object) => objectOf(each as never, world, name)) : fieldResolver(source, args, context, info);
        const document = parse(query);
        return JSON.parse(JSON.stringify(await execute({ schema, document, rootValue, variableValues, fieldResolver: resolver })));
      };
      return [name, { call }];
    }),
  );
}
