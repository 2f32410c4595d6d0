import { present } from '@kith/service-kit';
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

/** The subgraph that the gateway itself is: it answers subscriptions, from announcements. */
const LIVE = 'live-lists';
const GRAPH = 'LIVE_LISTS';

/**
 * A supergraph in which the subscriptions of its services are those of a subgraph of their own, with the types that an
 * announcement is made of. A plan over it asks that subgraph for what announcements hold, and services for the rest.
 * Of an entity an announcement holds its key, and what the service that announces provides there (`@provides`).
 */
export function declareLiveSubgraph({ supergraph, subscription, source, types }: Announced): DocumentNode {
  const announced = reachedFrom(subscription, types);
  return {
    ...supergraph,
    definitions: supergraph.definitions.map((definition) => {
      if (!isType(definition)) return definition;
      const name = definition.name.value;
      if (definition.kind === Kind.ENUM_TYPE_DEFINITION && name === 'join__Graph') return withGraph(definition);
      if (definition === subscription) return answeredLive(subscription);
      if (!announced.has(name)) return definition;
      return isEntity(definition) ? announcedEntity(definition, source) : announcedType(definition, source);
    }),
  };
}

/** The part of a supergraph that is about announcements. */
export interface Announced {
  readonly supergraph: DocumentNode;
  readonly types: ReadonlyMap<string, TypeDefinitionNode>;
  readonly subscription: ObjectTypeDefinitionNode;
  /** The graph (as `join__Graph` names it) of the service that announces. */
  readonly source: string;
}

/** Undefined when the supergraph has no subscription. */
export function readAnnounced(supergraph: DocumentNode): Announced | undefined {
  const types = new Map<string, TypeDefinitionNode>();
  for (const definition of supergraph.definitions) if (isType(definition)) types.set(definition.name.value, definition);
  const subscription = types.get('Subscription');
  if (subscription?.kind !== Kind.OBJECT_TYPE_DEFINITION) return undefined;
  const [source] = argumentsOf(subscription, 'join__type', 'graph');
  return source === undefined ? undefined : { supergraph, types, subscription, source };
}

/** The names of the types that an announcement is made of; entities among them, and nothing behind those. */
function reachedFrom(root: ObjectTypeDefinitionNode, types: ReadonlyMap<string, TypeDefinitionNode>): Set<string> {
  const reached = new Set<string>();
  const reach = (name: string): void => {
    const type = types.get(name);
    if (!type || reached.has(name)) return;
    reached.add(name);
    if (!isEntity(type)) reachBehind(type);
  };
  const reachBehind = (type: TypeDefinitionNode): void => {
    if ('fields' in type) for (const field of type.fields ?? []) reach(namedType(field.type));
    if ('interfaces' in type) for (const implemented of type.interfaces ?? []) reach(implemented.name.value);
    if (type.kind === Kind.UNION_TYPE_DEFINITION) for (const member of type.types ?? []) reach(member.name.value);
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return;
    for (const other of types.values()) {
      if ('interfaces' in other && other.interfaces?.some(({ name }) => name.value === type.name.value)) {
        reach(other.name.value);
      }
    }
  };
  reachBehind(root);
  return reached;
}

function withGraph(graphs: EnumTypeDefinitionNode): EnumTypeDefinitionNode {
  const ours = parse(`enum E { ${GRAPH} @join__graph(name: "${LIVE}", url: "") }`).definitions[0] as typeof graphs;
  return { ...graphs, values: [...(graphs.values ?? []), ...(ours.values ?? [])] };
}

function answeredLive(subscription: ObjectTypeDefinitionNode): ObjectTypeDefinitionNode {
  const fields = subscription.fields?.map((field) => ({ ...field, directives: without(field, 'join__field') })) ?? [];
  return { ...subscription, fields, directives: [...without(subscription, 'join__type'), directive('join__type')] };
}

function announcedType<Type extends TypeDefinitionNode>(type: Type, source: string): Type {
  const joined = { ...type, directives: [...(type.directives ?? []), directive('join__type')] };
  for (const each of new Set(argumentsOf(type, 'join__implements', 'interface'))) {
    joined.directives.push(directive('join__implements', `interface: "${each}"`));
  }
  for (const each of new Set(argumentsOf(type, 'join__unionMember', 'member'))) {
    joined.directives.push(directive('join__unionMember', `member: "${each}"`));
  }
  if ('values' in type) {
    const values = type.values?.map((value) => joinedAs(value, 'join__enumValue')) ?? [];
    return { ...joined, values };
  }
  if (!('fields' in type)) return joined;
  // A field that names no graph is in all graphs of its type.
  const fields = type.fields?.map((field) => {
    if (argumentsOf(field, 'join__field', 'graph').length === 0) return field;
    const provides = providedBy(field, source);
    return joinedAs(field, 'join__field', provides && `provides: ${JSON.stringify(provides)}`);
  });
  return { ...joined, fields: fields as FieldDefinitionNode[] };
}

function announcedEntity<Type extends TypeDefinitionNode>(type: Type, source: string): Type {
  if (!('fields' in type)) return type;
  const key = keyOf(type);
  const graphs = [...new Set(argumentsOf(type, 'join__type', 'graph'))];
  const fields = type.fields?.map((field) => {
    const isEverywhere = argumentsOf(field, 'join__field', 'graph').length === 0;
    if (key.includes(field.name.value)) return isEverywhere ? field : joinedAs(field, 'join__field');
    if (isExternalIn(field, source)) return joinedAs(field, 'join__field', 'external: true');
    if (!isEverywhere) return field;
    const directives = graphs.map((graph) => directive('join__field', '', graph));
    return { ...field, directives: [...(field.directives ?? []), ...directives] };
  });
  const joined = directive('join__type', `key: ${JSON.stringify(key.join(' '))}, resolvable: false`);
  return { ...type, fields: fields as FieldDefinitionNode[], directives: [...(type.directives ?? []), joined] };
}

/** The fields of an entity's first key. */
export function keyOf(type: TypeDefinitionNode): string[] {
  return argumentsOf(type, 'join__type', 'key')[0]?.split(/\s+/) ?? [];
}

/** What that graph provides of the entity behind this field: a selection. */
export function providedBy(field: Directed, graph: string): string {
  return argumentsOf(joinsOf(field, graph), 'join__field', 'provides').join(' ');
}

function isExternalIn(field: Directed, graph: string): boolean {
  return argumentsOf(joinsOf(field, graph), 'join__field', 'external').includes('true');
}

/** Of a field's `join__field` directives those of one graph. */
function joinsOf({ directives = [] }: Directed, graph: string): Directed {
  return {
    directives: directives.filter((each) => argumentsOf({ directives: [each] }, 'join__field', 'graph')[0] === graph),
  };
}

export interface Directed {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

function joinedAs<Node extends Directed>(node: Node, name: string, more = ''): Node {
  return { ...node, directives: [...(node.directives ?? []), directive(name, more)] };
}

function without({ directives = [] }: Directed, name: string): ConstDirectiveNode[] {
  return directives.filter((each) => each.name.value !== name);
}

function directive(name: string, more = '', graph = GRAPH): ConstDirectiveNode {
  const scalar = parse(`scalar S @${name}(graph: ${graph}${more && `, ${more}`})`).definitions[0];
  return present((scalar as ScalarTypeDefinitionNode).directives?.[0], 'what is written with a directive has it');
}

/** The values of one argument in all directives of that name. */
function argumentsOf({ directives = [] }: Directed, name: string, argument: string): string[] {
  return directives
    .filter((each) => each.name.value === name)
    .flatMap((each) => each.arguments ?? [])
    .flatMap(({ name, value }) => (name.value === argument && 'value' in value ? [String(value.value)] : []));
}

export function isEntity(type: TypeDefinitionNode): boolean {
  return argumentsOf(type, 'join__type', 'key').length > 0;
}

function isType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return definition.kind.endsWith('TypeDefinition');
}

export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
