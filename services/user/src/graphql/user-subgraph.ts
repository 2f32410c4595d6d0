import './account-mutations.ts';
import './profiles-for-services.ts';
import './session-mutations.ts';
import './user-queries.ts';
import { execute, parse } from 'graphql';
import { builder } from './builder.ts';

export const userSubgraph = builder.toSubGraphSchema({ linkUrl: 'https://specs.apollo.dev/federation/v2.6' });

/** The subgraph's SDL with its federation directives, as composition wants it. */
export async function userSubgraphSdl(): Promise<string> {
  const { data } = await execute({ schema: userSubgraph, document: parse('{ _service { sdl } }') });
  return (data as unknown as { _service: { sdl: string } })._service.sdl;
}
