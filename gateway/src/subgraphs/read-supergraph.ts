import {
  askedForByPlans,
  type EntityKey,
  entityKeysOf,
  graphsOf,
  interfaceObjectsOf,
  otherSubscriptionsOf,
  problemsOfLiveLists,
} from '@kith/supergraph';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  parse,
  print,
  specifiedDirectives,
  visit,
} from 'graphql';
import { type Planner, type PlannerOptions, planInProcessesApart } from '../planner/plan-in-processes-apart.ts';
import { declareLiveSubgraphs } from './declare-live-subgraphs.ts';
import { knowingSubgraphsFirst } from './knowing-subgraphs-first.ts';
import { type AnnouncedList, announcedLists } from './read-announced-lists.ts';

export interface Supergraph {
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  readonly planner: Planner;
  /** By the field of Subscription that each is. */
  readonly liveLists: ReadonlyMap<string, AnnouncedList>;
  /** By which paths of fields a subgraph knows the entities of a type; the subgraph by its name in lower case. */
  readonly keysOf: (subgraph: string, type: string) => readonly EntityKey[];
  /** The interfaces that some subgraph has as an object: it does not know which type it is. */
  readonly interfaceObjects: ReadonlySet<string>;
  /** The names of fields that plans may ask for by themselves, in another way than clients do. */
  readonly askedForByPlans: ReadonlySet<string>;
}

/**
 * The schema of a composed supergraph, and what plans operations over its subgraphs, to be stopped by whoever takes it.
 * Rejects when it has a subgraph that is not `known` (by its name in lower case), or a subscription that is no live list,
 * or declares one that cannot work.
 */
export async function readSupergraph(
  supergraphSdl: string,
  known: readonly string[],
  options: Omit<PlannerOptions, 'supergraphSdl'>,
): Promise<Supergraph> {
  const document = parse(supergraphSdl);
  for (const { name } of graphsOf(document)) {
    if (!known.includes(name.toLowerCase())) {
      throw new Error(`The supergraph has a subgraph "${name}" that the gateway does not know.`);
    }
  }
  refuseOtherSubscriptions(document);
  const liveLists = announcedLists(document);
  const withLive = print(declareLiveSubgraphs(knowingSubgraphsFirst(document), [...liveLists.values()]));
  const { planner, consumerSchema } = await planInProcessesApart({ ...options, supergraphSdl: withLive });
  try {
    const schema = buildASTSchema(withoutBuiltIns(parse(consumerSchema)));
    return {
      ...{ schema, planner, liveLists, keysOf: entityKeysOf(document) },
      ...{ interfaceObjects: interfaceObjectsOf(document), askedForByPlans: askedForByPlans(document) },
    };
  } catch (error) {
    await planner.stop();
    throw error;
  }
}

/** What cannot work would be found by clients, one after the other. */
function refuseOtherSubscriptions(document: DocumentNode): void {
  const problems = problemsOfLiveLists(document).map(({ code, message }) => `${code}: ${message}`);
  for (const name of otherSubscriptionsOf(document)) {
    problems.push(`Subscription.${name} has no @live: only live lists can be subscribed to.`);
  }
  if (problems.length > 0) throw new Error(`The supergraph cannot be served:\n${problems.join('\n')}`);
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
