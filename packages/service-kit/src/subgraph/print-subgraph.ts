import { execute, type GraphQLSchema, parse } from 'graphql';
import { z } from 'zod';

const answer = z.object({ data: z.object({ _service: z.object({ sdl: z.string() }) }) });

/**
 * The subgraph's SDL with its federation directives, as composition requires it (`_service` of the federation
 * specification).
 */
export async function printSubgraph(schema: GraphQLSchema): Promise<string> {
  const { data } = answer.parse(await execute({ schema, document: parse('{ _service { sdl } }') }));
  return data._service.sdl;
}
