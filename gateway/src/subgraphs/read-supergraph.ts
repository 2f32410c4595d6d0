import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  parse,
  print,
  specifiedDirectives,
  visit,
} from 'graphql';
import { type Planner, type PlannerOptions, planInProcessesApart } from '../planner/plan-in-processes-apart.ts';
import { declareLiveSubgraph, readAnnounced } from './declare-live-subgraph.ts';
import { printChangeSelection } from './print-change-selection.ts';

export interface Supergraph {
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  readonly planner: Planner;
  /** All that an announced change holds, as a selection of the type that the subscription answers. */
  readonly changeSelection: string;
}

/** What the gateway can do for a supergraph. */
export interface KnownToGateway {
  /** The subgraphs that it can ask, by their names in lower case. */
  readonly subgraphs: readonly string[];
  /** The fields of subscriptions that it has announcements for. */
  readonly subscriptions: readonly string[];
}

/**
 * The schema of a composed supergraph, and what plans operations over its subgraphs, to be stopped by whoever takes it.
 * Rejects when it has a subgraph or a subscription that is not `known`, or no subscription.
 */
export async function readSupergraph(
  supergraphSdl: string,
  known: KnownToGateway,
  options: Omit<PlannerOptions, 'supergraphSdl'>,
): Promise<Supergraph> {
  const document = parse(supergraphSdl);
  for (const name of subgraphsOf(document)) {
    if (!known.subgraphs.includes(name.toLowerCase())) {
      throw new Error(`The supergraph has a subgraph "${name}" that the gateway does not know.`);
    }
  }
  const announced = readAnnounced(document);
  if (!announced) throw new Error('The supergraph has no subscription: was it composed without the friend service?');
  const withLive = print(declareLiveSubgraph(announced));
  const { planner, consumerSchema } = await planInProcessesApart({ ...options, supergraphSdl: withLive });
  try {
    const schema = buildASTSchema(withoutBuiltIns(parse(consumerSchema)));
    refuseUnknownSubscriptions(schema, known.subscriptions);
    return { schema, planner, changeSelection: printChangeSelection(announced) };
  } catch (error) {
    await planner.stop();
    throw error;
  }
}

/** One that nobody knows would be answered with what is announced for another. */
function refuseUnknownSubscriptions(schema: GraphQLSchema, known: readonly string[]): void {
  for (const name of Object.keys(schema.getSubscriptionType()?.getFields() ?? {})) {
    if (!known.includes(name)) {
      throw new Error(`The supergraph has a subscription "${name}" that the gateway does not know.`);
    }
  }
}

/** The planner writes down what every schema has by itself: introspection, and the directives of the specification. */
function withoutBuiltIns(document: DocumentNode): DocumentNode {
  const builtIn = new Set(['oneOf', ...specifiedDirectives.map(({ name }) => name)]);
  return visit(document, {
    DirectiveDefinition: ({ name }) => (builtIn.has(name.value) ? null : undefined),
    FieldDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
    ObjectTypeDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
    EnumTypeDefinition: ({ name }) => (name.value.startsWith('__') ? null : undefined),
  });
}

function subgraphsOf(supergraph: DocumentNode): string[] {
  return supergraph.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') return [];
    return (definition.values ?? []).flatMap(({ directives = [] }) =>
      directives.flatMap((directive) =>
        (directive.arguments ?? []).flatMap(({ name, value }) =>
          name.value === 'name' && value.kind === Kind.STRING ? [value.value] : [],
        ),
      ),
    );
  });
}
