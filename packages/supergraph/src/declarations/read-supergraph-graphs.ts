import { type ConstDirectiveNode, type DocumentNode, Kind, valueFromASTUntyped } from 'graphql';

/** A subgraph as its supergraph has it (https://specs.apollo.dev/join/v0.3). */
export interface Graph {
  /** As `join__Graph` names it: `FRIEND`. */
  readonly graph: string;
  /** As it was composed: `friend`. */
  readonly name: string;
}

export function graphsOf(supergraph: DocumentNode): readonly Graph[] {
  return supergraph.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION || definition.name.value !== 'join__Graph') return [];
    return (definition.values ?? []).flatMap((value) =>
      argumentsOf(value, 'join__graph').map(({ name }) => ({ graph: value.name.value, name: String(name) })),
    );
  });
}

export interface Directed {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

/** The arguments of each directive of that name, as plain values. */
export function argumentsOf({ directives = [] }: Directed, name: string): Readonly<Record<string, unknown>>[] {
  return directives
    .filter((directive) => directive.name.value === name)
    .map(({ arguments: given = [] }) =>
      Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)])),
    );
}

/** The graphs that answer a field of a type: its own, or, when it names none, those of its type. */
export function graphsOfField(field: Directed, type: Directed): string[] {
  const joins = argumentsOf(field, 'join__field').filter(({ graph }) => graph !== undefined);
  const answering = joins.filter(({ external, usedOverridden }) => external !== true && usedOverridden !== true);
  const graphs = joins.length > 0 ? answering : argumentsOf(type, 'join__type');
  return [...new Set(graphs.map(({ graph }) => String(graph)))];
}
