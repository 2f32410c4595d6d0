import { type ConstDirectiveNode, type DocumentNode, type ObjectTypeDefinitionNode, parse } from 'graphql';
import { readLiveLists, subscriptionOf } from './read-live-lists.ts';
import { argumentsOf, graphsOf, graphsOfField } from './read-supergraph-graphs.ts';

/** A field of Subscription without `@live`: what its subgraph sends is passed through. */
export interface PlainSubscription {
  readonly field: string;
  /** The subgraph that has it, as it was composed. */
  readonly subgraph: string;
}

/** Why a plain subscription cannot be served. */
export interface PlainSubscriptionProblem {
  readonly code: 'SUBSCRIPTION_NOT_OFFERED' | 'SUBSCRIPTION_IN_SEVERAL_SUBGRAPHS';
  /** A sentence for whoever wrote the schema. */
  readonly message: string;
}

/** All of them, in the order of the schema; one that stands in several subgraphs comes once for each. */
export function plainSubscriptionsOf(supergraph: DocumentNode): PlainSubscription[] {
  const live = new Set(readLiveLists(supergraph).map(({ field }) => field));
  const subscription = subscriptionOf(supergraph);
  const names = new Map(graphsOf(supergraph).map(({ graph, name }) => [graph, name]));
  return (subscription?.fields ?? [])
    .filter(({ name }) => !live.has(name.value))
    .flatMap((field) =>
      graphsOfField(field, subscription ?? {}).map((graph) => ({
        ...{ field: field.name.value, subgraph: names.get(graph) ?? '' },
      })),
    );
}

/** `offers`: whether a subgraph (by its name in lower case) says how its subscriptions are asked for. */
export function problemsOfPlainSubscriptions(
  supergraph: DocumentNode,
  offers: (subgraph: string) => boolean,
): PlainSubscriptionProblem[] {
  const all = plainSubscriptionsOf(supergraph);
  const twice = new Set(all.map(({ field }) => field).filter((field, at, fields) => fields.indexOf(field) !== at));
  return [
    ...[...twice].map((field) => ({
      code: 'SUBSCRIPTION_IN_SEVERAL_SUBGRAPHS' as const,
      message: `Subscription.${field} is in several subgraphs: its events come from one.`,
    })),
    ...all
      .filter(({ subgraph }) => !offers(subgraph.toLowerCase()))
      .map(({ field, subgraph }) => ({
        code: 'SUBSCRIPTION_NOT_OFFERED' as const,
        message: `Subscription.${field} has no @live, and SUBGRAPHS_FILE does not say by which protocol the subgraph "${subgraph}" offers subscriptions (\`subscriptions\`).`,
      })),
  ];
}

/** The same supergraph, in which every field of Subscription says which graphs have it: also where all of the type do. */
export function nameGraphsOfSubscriptions(supergraph: DocumentNode): DocumentNode {
  const subscription = subscriptionOf(supergraph);
  if (!subscription) return supergraph;
  const fields = (subscription.fields ?? []).map((field) => {
    if (argumentsOf(field, 'join__field').some(({ graph }) => graph !== undefined)) return field;
    const named = graphsOfField(field, subscription).flatMap(joinedTo);
    return { ...field, directives: [...(field.directives ?? []), ...named] };
  });
  const definitions = supergraph.definitions.map((each) =>
    each === subscription ? { ...subscription, fields } : each,
  );
  return { ...supergraph, definitions };
}

function joinedTo(graph: string): readonly ConstDirectiveNode[] {
  const written = parse(`type T { f: Int @join__field(graph: ${graph}) }`).definitions[0] as ObjectTypeDefinitionNode;
  return written.fields?.[0]?.directives ?? [];
}
