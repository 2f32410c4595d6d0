import {
  askedForByPlans,
  type EntityKey,
  entityKeysOf,
  graphsOf,
  inaccessibleOf,
  interfaceObjectsOf,
  type KnownByGraphs,
  knownByGraphs,
  nameGraphsOfSubscriptions,
  type PlainSubscription,
  plainSubscriptionsOf,
  problemsOfLiveLists,
  problemsOfOverrides,
  problemsOfPlainSubscriptions,
  readDearFields,
} from '@kith/supergraph';
import {
  buildASTSchema,
  type DocumentNode,
  type GraphQLSchema,
  type NamedTypeNode,
  parse,
  print,
  specifiedDirectives,
  visit,
} from 'graphql';
import { type Planner, type PlannerOptions, planInProcessesApart } from '../planner/plan-in-processes-apart.ts';
import { declareLiveSubgraphs } from './declare-live-subgraphs.ts';
import { knowingSubgraphsFirst } from './knowing-subgraphs-first.ts';
import { oneKeyWhereAllKnowIt } from './prepared/one-key-where-all-know-it.ts';
import { type AnnouncedList, announcedLists } from './read-announced-lists.ts';

export interface Supergraph {
  /** What clients may ask. */
  readonly schema: GraphQLSchema;
  readonly planner: Planner;
  /** By the field of Subscription that each is. */
  readonly liveLists: ReadonlyMap<string, AnnouncedList>;
  /** The fields that subgraphs declare as dear, as `Type.field`. */
  readonly dearFields: ReadonlySet<string>;
  /** The other fields of Subscription, by their names. */
  readonly plainSubscriptions: ReadonlyMap<string, PlainSubscription>;
  /** By which paths of fields a subgraph knows the entities of a type; the subgraph by its name in lower case. */
  readonly keysOf: (subgraph: string, type: string) => readonly EntityKey[];
  /** The interfaces that some subgraph has as an object: it does not know which type it is. */
  readonly interfaceObjects: ReadonlySet<string>;
  /** What services may answer and clients do not know: types by name, values of enums as `Enum.VALUE`. */
  readonly inaccessible: ReadonlySet<string>;
  /** Which members of interfaces and unions each subgraph knows, and what it has of them. */
  readonly knownByGraphs: KnownByGraphs;
  /** The names of fields that plans may ask for by themselves, in another way than clients do. */
  readonly askedForByPlans: ReadonlySet<string>;
}

export interface SupergraphOptions extends Omit<PlannerOptions, 'supergraphSdl'> {
  /** Whether a subgraph (by its name in lower case) says how it offers subscriptions; none does unless told. */
  readonly offersSubscriptions?: (subgraph: string) => boolean;
}

/**
 * The schema of a composed supergraph, and what plans operations over its subgraphs, to be stopped by whoever takes it.
 * Rejects when it has a subgraph that is not `known` (by its name in lower case), or a subscription that is no live list
 * and that its subgraph does not offer, or declares a list, or an override, that cannot work.
 */
export async function readSupergraph(
  supergraphSdl: string,
  known: readonly string[],
  { offersSubscriptions = () => false, ...options }: SupergraphOptions,
): Promise<Supergraph> {
  const document = parse(supergraphSdl);
  for (const { name } of graphsOf(document)) {
    if (!known.includes(name.toLowerCase())) {
      throw new Error(`The supergraph has a subgraph "${name}" that the gateway does not know.`);
    }
  }
  refuseUnservable(document, offersSubscriptions);
  const plainSubscriptions = new Map(plainSubscriptionsOf(document).map((each) => [each.field, each]));
  const liveLists = announcedLists(document);
  // What says of no graph that it has it would be in those of live lists as well.
  const named = nameGraphsOfSubscriptions(document);
  const withLive = print(
    declareLiveSubgraphs(oneKeyWhereAllKnowIt(knowingSubgraphsFirst(named)), [...liveLists.values()]),
  );
  const { planner, consumerSchema } = await planInProcessesApart({ ...options, supergraphSdl: withLive });
  try {
    const schema = buildASTSchema(withoutInaccessible(withoutBuiltIns(parse(consumerSchema))));
    return {
      dearFields: readDearFields(document),
      ...{ schema, planner, liveLists, plainSubscriptions, keysOf: entityKeysOf(document) },
      ...{ interfaceObjects: interfaceObjectsOf(document), inaccessible: inaccessibleOf(document) },
      ...{ askedForByPlans: askedForByPlans(document), knownByGraphs: knownByGraphs(document) },
    };
  } catch (error) {
    await planner.stop();
    throw error;
  }
}

/** What cannot work would be found by clients, one after the other. */
function refuseUnservable(document: DocumentNode, offersSubscriptions: (subgraph: string) => boolean): void {
  const problems = [
    ...problemsOfOverrides(document),
    ...problemsOfLiveLists(document),
    ...problemsOfPlainSubscriptions(document, offersSubscriptions),
  ];
  if (problems.length === 0) return;
  const lines = problems.map(({ code, message }) => `${code}: ${message}`);
  throw new Error(`The supergraph cannot be served:\n${lines.join('\n')}`);
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

/** The planner takes out types that clients do not know, and leaves their names in unions and behind `implements`. */
function withoutInaccessible(document: DocumentNode): DocumentNode {
  const defined = new Set(
    document.definitions.flatMap((each) => ('name' in each && each.name ? [each.name.value] : [])),
  );
  const isDefined = ({ name }: NamedTypeNode) => defined.has(name.value);
  const known = (types: readonly NamedTypeNode[] = []) => types.filter(isDefined);
  return visit(document, {
    UnionTypeDefinition: (union) => ({ ...union, types: known(union.types) }),
    ObjectTypeDefinition: (type) => ({ ...type, interfaces: known(type.interfaces) }),
    InterfaceTypeDefinition: (type) => ({ ...type, interfaces: known(type.interfaces) }),
  });
}
