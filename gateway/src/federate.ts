import { getStitchedSchemaFromSupergraphSdl } from '@graphql-tools/federation';
import type { ExecutionRequest, MaybeAsyncIterable } from '@graphql-tools/utils';
import { type ExecutionResult, type GraphQLSchema, print } from 'graphql';
import type { Subgraph } from './call-subgraph.ts';
import type { GatewayContext } from './gateway-context.ts';
import { splitOffLive } from './live/split-off-live-subschema.ts';

export type SubgraphRequest = ExecutionRequest<Record<string, unknown>, GatewayContext>;

/**
 * Answers a subscription operation. `schema` is what can be answered without asking a service; the federation joins the
 * rest to what this yields.
 */
export type AnswerSubscription = (
  request: SubgraphRequest,
  schema: GraphQLSchema,
) => Promise<MaybeAsyncIterable<ExecutionResult>>;

/**
 * One executable schema over all subgraphs of the supergraph, and `live`, the schema of what announcements hold. Queries
 * and mutations go to the services over HTTP; subscriptions are answered here by `subscribe`, so that no socket stands
 * between gateway and services.
 */
export function federate(options: {
  supergraphSdl: string;
  /** By the name that the supergraph gives them, in lower case. */
  subgraphs: Readonly<Record<string, Subgraph>>;
  subscribe: AnswerSubscription;
}): { schema: GraphQLSchema; live: GraphQLSchema } {
  let answeredHere: GraphQLSchema | undefined;
  const schema = getStitchedSchemaFromSupergraphSdl({
    supergraphSdl: options.supergraphSdl,
    onSubschemaConfig(subschema) {
      const subgraph = options.subgraphs[subschema.name.toLowerCase()];
      if (!subgraph)
        throw new Error(`The supergraph has a subgraph "${subschema.name}" that the gateway does not know.`);
      subschema.executor = ask(subgraph) as typeof subschema.executor;
    },
    onStitchingOptions(stitching) {
      for (const subschema of [...stitching.subschemas]) {
        if (!subschema.schema.getSubscriptionType()) continue;
        const { service, live } = splitOffLive(subschema.schema);
        subschema.schema = service;
        answeredHere = live;
        const executor = (request: SubgraphRequest) => options.subscribe(request, live);
        stitching.subschemas.push({ schema: live, executor: executor as NonNullable<typeof subschema.executor> });
      }
    },
  });
  if (!answeredHere) throw new Error('The supergraph has no subscription: was it composed without the friend service?');
  return { schema, live: answeredHere };
}

function ask(subgraph: Subgraph) {
  return ({ document, variables, operationName, context }: SubgraphRequest) =>
    subgraph.call({
      query: print(document),
      variables,
      operationName,
      authorization: context?.authorization,
      traceparent: context?.traceparent,
      clientAddress: context?.clientAddress,
      answerBy: context?.answerBy,
    });
}
