import { present } from '@kith/service-kit';
import { argumentsOf, type Directed, type LiveList, nameOfLive, subscriptionOf } from '@kith/supergraph';
import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type EnumTypeDefinitionNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type ScalarTypeDefinitionNode,
  type TypeDefinitionNode,
  type TypeNode,
} from 'graphql';

/** What may be announced of the live lists of one subgraph. */
export interface Announced {
  readonly types: ReadonlyMap<string, TypeDefinitionNode>;
  readonly subscription: ObjectTypeDefinitionNode;
  /** The graph (as `join__Graph` names it) of the service that announces. */
  readonly source: string;
}

/** Undefined when the supergraph has no subscription. */
export function readAnnounced(supergraph: DocumentNode, source: string): Announced | undefined {
  const types = new Map<string, TypeDefinitionNode>();
  for (const definition of supergraph.definitions) if (isType(definition)) types.set(definition.name.value, definition);
  const subscription = subscriptionOf(supergraph);
  return subscription && { types, subscription, source };
}

/**
 * A supergraph in which the live lists of each service are those of a subgraph of their own, with the types that an
 * announcement is made of. A plan over it asks that subgraph for what announcements hold, and services for the rest.
 * Of an entity an announcement holds its key, and what the service that announces provides there (`@provides`).
 */
export function declareLiveSubgraphs(supergraph: DocumentNode, lists: readonly LiveList[]): DocumentNode {
  const sources = new Set(lists.map(({ graph }) => graph));
  const live = nameOfLive(supergraph);
  // What is of no concern to clients is not in what the planner shows them.
  const bare: DocumentNode = {
    ...supergraph,
    definitions: supergraph.definitions.filter(
      (each) => each.kind !== Kind.DIRECTIVE_DEFINITION || each.name.value !== live,
    ),
  };
  return [...sources].reduce<DocumentNode>((declared, source) => {
    const announced = readAnnounced(declared, source);
    const fields = new Set(lists.filter(({ graph }) => graph === source).map(({ field }) => field));
    return announced ? declareLiveSubgraph(declared, announced, { fields, live }) : declared;
  }, bare);
}

function declareLiveSubgraph(
  supergraph: DocumentNode,
  announced: Announced,
  { fields, live }: { fields: ReadonlySet<string>; live: string | undefined },
): DocumentNode {
  const ours = new LiveGraph(announced.source);
  const reached = reachedFrom(fields, announced);
  return {
    ...supergraph,
    definitions: supergraph.definitions.map((definition) => {
      if (!isType(definition)) return definition;
      const name = definition.name.value;
      if (definition.kind === Kind.ENUM_TYPE_DEFINITION && name === 'join__Graph') return ours.added(definition);
      if (definition === announced.subscription) return ours.answered(announced.subscription, fields, live);
      if (!reached.has(name)) return definition;
      return isEntity(definition) ? ours.announcedEntity(definition) : ours.announcedType(definition);
    }),
  };
}

/** The names of the types that announcements are made of; entities among them, and nothing behind those. */
function reachedFrom(fields: ReadonlySet<string>, { types, subscription, source }: Announced): Set<string> {
  const reached = new Set<string>();
  const reach = (name: string): void => {
    const type = types.get(name);
    if (!type || reached.has(name)) return;
    reached.add(name);
    if (isEntity(type)) return;
    for (const field of fieldsOf(type, source)) reach(namedType(field.type));
    for (const each of valuesOf(type, 'join__implements', 'interface', source)) reach(each);
    for (const each of possibleTypesOf(type, types, source)) reach(each.name.value);
  };
  for (const field of subscription.fields ?? []) if (fields.has(field.name.value)) reach(namedType(field.type));
  return reached;
}

/** The subgraph that the gateway itself is: it answers the live lists of one service, from announcements. */
class LiveGraph {
  readonly #graph: string;
  readonly #source: string;

  constructor(source: string) {
    this.#source = source;
    this.#graph = `LIVE_LISTS_OF_${source}`;
  }

  added(graphs: EnumTypeDefinitionNode): EnumTypeDefinitionNode {
    const text = `enum E { ${this.#graph} @join__graph(name: "live-lists-of-${this.#source.toLowerCase()}", url: "") }`;
    const ours = parse(text).definitions[0] as typeof graphs;
    return { ...graphs, values: [...(graphs.values ?? []), ...(ours.values ?? [])] };
  }

  /** Its fields are in no other graph. The planner need not know what makes them live. */
  answered(
    subscription: ObjectTypeDefinitionNode,
    live: ReadonlySet<string>,
    directiveName: string | undefined,
  ): ObjectTypeDefinitionNode {
    const fields = (subscription.fields ?? []).map((field): FieldDefinitionNode => {
      if (!live.has(field.name.value)) return field;
      const others = without(field, ['join__field', directiveName ?? 'join__field']);
      return { ...field, directives: [...others, this.#directive('join__field')] };
    });
    const left = fields.flatMap((field) => argumentsOf(field, 'join__field').map(({ graph }) => graph));
    const joins = (subscription.directives ?? []).filter((each) => {
      const [join] = argumentsOf({ directives: [each] }, 'join__type');
      return join === undefined || left.includes(join.graph);
    });
    return { ...subscription, fields, directives: [...joins, this.#directive('join__type')] };
  }

  announcedType<Type extends TypeDefinitionNode>(type: Type): Type {
    const joined = { ...type, directives: [...(type.directives ?? []), this.#directive('join__type')] };
    for (const each of valuesOf(type, 'join__implements', 'interface', this.#source)) {
      joined.directives.push(this.#directive('join__implements', `interface: "${each}"`));
    }
    for (const each of valuesOf(type, 'join__unionMember', 'member', this.#source)) {
      joined.directives.push(this.#directive('join__unionMember', `member: "${each}"`));
    }
    if ('values' in type) {
      const values = type.values?.map((value) =>
        isIn(value, 'join__enumValue', this.#source) ? this.#joined(value, 'join__enumValue') : value,
      );
      return { ...joined, values: values ?? [] };
    }
    if (!('fields' in type)) return joined;
    // A field that names no graph is in all graphs of its type.
    const fields = type.fields?.map((field) => {
      if (!isIn(field, 'join__field', this.#source)) return field;
      const provides = providedBy(field, this.#source);
      return this.#joined(field, 'join__field', provides && `provides: ${JSON.stringify(provides)}`);
    });
    return { ...joined, fields: fields as FieldDefinitionNode[] };
  }

  announcedEntity<Type extends TypeDefinitionNode>(type: Type): Type {
    if (!('fields' in type)) return type;
    const key = keyOf(type, this.#source);
    const graphs = [...new Set(argumentsOf(type, 'join__type').map(({ graph }) => String(graph)))];
    const fields = type.fields?.map((field) => {
      const isEverywhere = argumentsOf(field, 'join__field').length === 0;
      if (key.includes(field.name.value)) return isEverywhere ? field : this.#joined(field, 'join__field');
      const isExternal = argumentsOf(field, 'join__field').some(
        ({ graph, external }) => graph === this.#source && external === true,
      );
      if (isExternal) return this.#joined(field, 'join__field', 'external: true');
      if (!isEverywhere) return field;
      const directives = graphs.map((graph) => directive('join__field', graph));
      return { ...field, directives: [...(field.directives ?? []), ...directives] };
    });
    const joined = this.#directive('join__type', `key: ${JSON.stringify(key.join(' '))}, resolvable: false`);
    return { ...type, fields: fields as FieldDefinitionNode[], directives: [...(type.directives ?? []), joined] };
  }

  #joined<Node extends Directed>(node: Node, name: string, more = ''): Node {
    return { ...node, directives: [...(node.directives ?? []), this.#directive(name, more)] };
  }

  #directive(name: string, more = ''): ConstDirectiveNode {
    return directive(name, this.#graph, more);
  }
}

/** The fields that a graph has of a type. */
export function fieldsOf(type: TypeDefinitionNode, graph: string): readonly FieldDefinitionNode[] {
  if (type.kind !== Kind.OBJECT_TYPE_DEFINITION && type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
  return (type.fields ?? []).filter((field) => {
    const named = argumentsOf(field, 'join__field').filter((join) => join.graph !== undefined);
    return named.length === 0 || isIn(field, 'join__field', graph);
  });
}

/** What a union or an interface can be in a graph. */
export function possibleTypesOf(
  type: TypeDefinitionNode,
  types: ReadonlyMap<string, TypeDefinitionNode>,
  graph: string,
): TypeDefinitionNode[] {
  if (type.kind === Kind.UNION_TYPE_DEFINITION) {
    return valuesOf(type, 'join__unionMember', 'member', graph).flatMap((name) => types.get(name) ?? []);
  }
  if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
  return [...types.values()].filter(
    (other) =>
      other.kind === Kind.OBJECT_TYPE_DEFINITION &&
      valuesOf(other, 'join__implements', 'interface', graph).includes(type.name.value),
  );
}

/** The fields of an entity's first key in that graph; of its first anywhere when it has none there. */
export function keyOf(type: TypeDefinitionNode, source: string): string[] {
  const keys = argumentsOf(type, 'join__type').filter(({ key }) => key !== undefined);
  const { key } = keys.find(({ graph }) => graph === source) ?? keys[0] ?? {};
  return String(key ?? '').split(/\s+/);
}

/** What that graph provides of the entity behind this field: a selection. */
export function providedBy(field: Directed, graph: string): string {
  return valuesOf(field, 'join__field', 'provides', graph).join(' ');
}

/** The values of one argument of the directives of that name which are of one graph. */
function valuesOf(node: Directed, name: string, argument: string, graph: string): string[] {
  const values = argumentsOf(node, name).flatMap((each) =>
    each.graph === graph && each[argument] !== undefined ? [String(each[argument])] : [],
  );
  return [...new Set(values)];
}

function isIn(node: Directed, name: string, graph: string): boolean {
  return argumentsOf(node, name).some((each) => each.graph === graph);
}

function without({ directives = [] }: Directed, names: readonly string[]): ConstDirectiveNode[] {
  return directives.filter((each) => !names.includes(each.name.value));
}

function directive(name: string, graph: string, more = ''): ConstDirectiveNode {
  const scalar = parse(`scalar S @${name}(graph: ${graph}${more && `, ${more}`})`).definitions[0];
  return present((scalar as ScalarTypeDefinitionNode).directives?.[0], 'what is written with a directive has it');
}

export function isEntity(type: TypeDefinitionNode): boolean {
  return argumentsOf(type, 'join__type').some(({ key }) => key !== undefined);
}

function isType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return definition.kind.endsWith('TypeDefinition');
}

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
