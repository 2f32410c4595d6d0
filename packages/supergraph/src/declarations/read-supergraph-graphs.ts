import { type ConstDirectiveNode, type DocumentNode, Kind, parse, valueFromASTUntyped, visit } from 'graphql';

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

/** A key of an entity, by its paths of fields: `id org { id }` is `[[id], [org, id]]`. */
export type EntityKey = readonly (readonly string[])[];

/** The keys by which a graph, named as it was composed in lower case, can be asked for the entities of a type. */
export function entityKeysOf(supergraph: DocumentNode): (graph: string, type: string) => readonly EntityKey[] {
  const names = new Map(graphsOf(supergraph).map(({ graph, name }) => [graph, name.toLowerCase()]));
  const keys = new Map<string, EntityKey[]>();
  for (const { type, graph, key, resolvable } of joinedTypes(supergraph)) {
    if (typeof key !== 'string' || resolvable === false) continue;
    const place = `${names.get(String(graph))} ${type}`;
    keys.set(place, [...(keys.get(place) ?? []), pathsOfFieldSet(key)]);
  }
  return (graph, type) => keys.get(`${graph} ${type}`) ?? [];
}

/** The interfaces that some graph has as an object: it cannot say which type it is. */
export function interfaceObjectsOf(supergraph: DocumentNode): ReadonlySet<string> {
  return new Set(
    joinedTypes(supergraph).flatMap(({ type, isInterfaceObject }) => (isInterfaceObject === true ? [type] : [])),
  );
}

/** What services may answer and clients do not know, by `@inaccessible`: types by name, values of enums as `Enum.VALUE`. */
export function inaccessibleOf(supergraph: DocumentNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (const definition of supergraph.definitions) {
    if (definition.kind === Kind.OBJECT_TYPE_DEFINITION && isInaccessible(definition)) names.add(definition.name.value);
    if (definition.kind !== Kind.ENUM_TYPE_DEFINITION) continue;
    for (const value of definition.values ?? []) {
      if (isInaccessible(value)) names.add(`${definition.name.value}.${value.name.value}`);
    }
  }
  return names;
}

const isInaccessible = ({ directives }: Directed) =>
  directives?.some(({ name }) => name.value === 'inaccessible') === true;

/**
 * The names of fields that plans may ask for by themselves in another way than clients do: those in keys and in
 * `@requires` that have arguments, or something behind them; of whatever type.
 */
export function askedForByPlans(supergraph: DocumentNode): ReadonlySet<string> {
  const fields = supergraph.definitions.flatMap((definition) =>
    definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION
      ? (definition.fields ?? [])
      : [],
  );
  const withArguments = new Set(fields.filter((each) => each.arguments?.length).map(({ name }) => name.value));
  const required = fields.flatMap((field) => argumentsOf(field, 'join__field').map(({ requires }) => requires));
  const keys = joinedTypes(supergraph).map(({ key }) => key);
  const names = new Set<string>();
  for (const fieldSet of new Set([...required, ...keys])) {
    if (typeof fieldSet !== 'string') continue;
    visit(parse(`{ ${fieldSet} }`), {
      Field({ name, selectionSet }) {
        if (selectionSet || withArguments.has(name.value)) names.add(name.value);
      },
    });
  }
  return names;
}

function joinedTypes(supergraph: DocumentNode): (Readonly<Record<string, unknown>> & { readonly type: string })[] {
  return supergraph.definitions.flatMap((definition) => {
    if (definition.kind !== Kind.OBJECT_TYPE_DEFINITION && definition.kind !== Kind.INTERFACE_TYPE_DEFINITION)
      return [];
    return argumentsOf(definition, 'join__type').map((joined) => ({ ...joined, type: definition.name.value }));
  });
}

/** The paths of a field set: `id org { id }` has `id` and `org.id`. */
export function pathsOfFieldSet(fieldSet: string): EntityKey {
  const paths: string[][] = [];
  const at: string[] = [];
  visit(parse(`{ ${fieldSet} }`), {
    Field: {
      enter({ name, selectionSet }) {
        at.push(name.value);
        if (!selectionSet) paths.push([...at]);
      },
      leave: () => void at.pop(),
    },
  });
  return paths;
}
