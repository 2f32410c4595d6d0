import type { Logger, TokenVerifier } from '@kith/service-kit';
import type { PlainSubscription, SubgraphsSettings } from '@kith/supergraph';
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { Edge } from './admission/guard-edge.ts';
import { type GatewayConfig, subgraphsSettings } from './gateway-config.ts';
import { nameDearFields } from './limits/dear-fields-of-operation.ts';
import { followSubscriptions, type PassThrough } from './live/follow-subscriptions.ts';
import type { OpenLiveList } from './live/open-live-list.ts';
import { answerByPlan } from './plan/answer-by-plan.ts';
import { planOperations } from './plan/plan-operations.ts';
import { type TriedSupergraph, trySupergraph } from './plan/try-supergraph.ts';
import type { Planner } from './planner/plan-in-processes-apart.ts';
import type { SupergraphFiles } from './subgraphs/follow-supergraph.ts';
import type { AnnouncedList } from './subgraphs/read-announced-lists.ts';
import { readSupergraph } from './subgraphs/read-supergraph.ts';
import type { ConnectedSubgraphs } from './subgraphs/share-connections.ts';
import { createGatewayYoga, type GatewayYoga, maskError } from './transports/gateway-yoga.ts';
import { streamResults } from './transports/http/stream-results.ts';

/** What answers operations over one supergraph. */
export interface Answering extends ConnectedSubgraphs {
  readonly yoga: GatewayYoga;
  readonly planner: Planner;
  /** What clients may ask for. */
  readonly schema: GraphQLSchema;
  /** Its live lists, by their kinds. */
  readonly kinds: ReadonlyMap<string, AnnouncedList>;
  /** Its subscriptions that are no live lists, by their fields. */
  readonly plainSubscriptions: ReadonlyMap<string, PlainSubscription>;
  /** Headers of clients that some subgraph is given. */
  readonly forwardHeaders: readonly string[];
  /** What has a plan: a supergraph in its place must have one of it too. */
  readonly planned: TriedSupergraph['planned'];
}

/**
 * Rejects, and leaves nothing behind, when some operation over it could not be answered that the one `before` answers;
 * without one before, what can be answered is.
 */
export async function answerBySupergraph(
  files: SupergraphFiles,
  before: Answering | undefined,
  using: {
    config: GatewayConfig;
    connect: (settings: SubgraphsSettings) => ConnectedSubgraphs;
    edge: Edge;
    verify: TokenVerifier;
    openLiveList: OpenLiveList;
    passThrough: PassThrough;
    plannerProgram: string | undefined;
    log: Logger;
  },
): Promise<Answering> {
  const { config, edge, verify, openLiveList, passThrough, plannerProgram, log } = using;
  const settings = subgraphsSettings(config, files.subgraphs);
  const known = [...settings.keys()];
  const supergraph = await readSupergraph(files.supergraph, known, {
    ...{ log, program: plannerProgram },
    offersSubscriptions: (name) => settings.get(name)?.subscriptions !== undefined,
  });
  const connected = using.connect(settings);
  const { schema, planner, liveLists, plainSubscriptions } = supergraph;
  try {
    const { subgraphs } = connected;
    const trusted = edge.trustedDocuments.texts;
    const { planned } = await trySupergraph(supergraph, subgraphs, { trusted, before: before?.planned, log });
    const plan = planOperations(supergraph, subgraphs);
    const mask = (error: GraphQLError) => maskError(error, log);
    const plugins = [
      answerByPlan(supergraph, plan),
      followSubscriptions(supergraph, plan, { openLiveList, passThrough, mask }),
      nameDearFields(schema, supergraph.dearFields),
      ...edge.plugins,
      streamResults(),
    ];
    const kinds = new Map([...liveLists.values()].map((list) => [list.kind, list]));
    const forwardHeaders = [...new Set([...settings.values()].flatMap((each) => each.forwardHeaders ?? []))];
    const yoga = createGatewayYoga({ schema, verify, log, plugins, forwardHeaders });
    return { ...connected, yoga, planner, schema, kinds, plainSubscriptions, forwardHeaders, planned };
  } catch (error) {
    await Promise.all([planner.stop(), connected.release()]);
    throw error;
  }
}
