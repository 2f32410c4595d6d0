import { LIVE_DIRECTIVE, LIVE_LIMITS, LIVE_SPECIFICATION, type LiveDirective } from '@kith/event-contracts';
import { type DocumentNode, Kind, type ObjectTypeDefinitionNode } from 'graphql';
import { nameOfLinked } from './name-of-linked-directive.ts';
import { argumentsOf, graphsOf, graphsOfField } from './read-supergraph-graphs.ts';

/** A live list as a supergraph declares it: `@live` at a field of Subscription. */
export interface LiveList extends LiveDirective {
  /** The field of Subscription that clients watch it by. */
  readonly field: string;
  /** The graph that has it, as `join__Graph` names it, and as it was composed. */
  readonly graph: string;
  readonly subgraph: string;
}

/**
 * All of them, in the order of the schema. What stands there is taken as it is: `problemsOfLiveLists` says what is wrong
 * with it.
 */
export function readLiveLists(supergraph: DocumentNode): LiveList[] {
  const name = nameOfLive(supergraph);
  const subscription = subscriptionOf(supergraph);
  if (name === undefined || !subscription) return [];
  const names = new Map(graphsOf(supergraph).map(({ graph, name }) => [graph, name]));
  return (subscription.fields ?? []).flatMap((field) => {
    const [live] = argumentsOf(field, name);
    const [graph = ''] = graphsOfField(field, subscription);
    if (!live) return [];
    return [{ ...declared(live), field: field.name.value, graph, subgraph: names.get(graph) ?? '' }];
  });
}

function declared({ kind, changes, stands, owner, ...limits }: Readonly<Record<string, unknown>>): LiveDirective {
  const said = Object.keys(LIVE_LIMITS).filter((limit) => limits[limit] !== undefined && limits[limit] !== null);
  return {
    ...{ kind: String(kind), changes: String(changes), stands: String(stands) },
    ...(typeof owner === 'string' && { owner }),
    ...Object.fromEntries(said.map((limit) => [limit, Number(limits[limit])])),
  };
}

/** What the directive is called there; undefined when nothing links its specification. */
export function nameOfLive(supergraph: DocumentNode): string | undefined {
  return nameOfLinked(supergraph, LIVE_SPECIFICATION, LIVE_DIRECTIVE);
}

/** The root type of subscriptions. */
export function subscriptionOf(supergraph: DocumentNode): ObjectTypeDefinitionNode | undefined {
  const schema = supergraph.definitions.find((each) => each.kind === Kind.SCHEMA_DEFINITION);
  const named = schema?.operationTypes.find(({ operation }) => operation === 'subscription')?.type.name.value;
  return supergraph.definitions.find(
    (each): each is ObjectTypeDefinitionNode =>
      each.kind === Kind.OBJECT_TYPE_DEFINITION && each.name.value === (named ?? 'Subscription'),
  );
}
