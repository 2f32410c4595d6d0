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

/** What an announcement holds of an entity; all else of it is joined from whichever service has it. */
const ANNOUNCED_OF_ENTITY: Readonly<Record<string, readonly string[]>> = {
  User: ['id', 'nickname', 'avatarUrl'],
};

/**
 * A supergraph in which the subscriptions of its services are those of a subgraph of their own, with the types that an
 * announcement is made of. A plan over it asks that subgraph for what announcements hold, and services for the rest.
 * Undefined when the supergraph has no subscription.
 */
export function declareLiveSubgraph(supergraph: DocumentNode): DocumentNode | undefined {
  const types = new Map<string, TypeDefinitionNode>();
  for (const definition of supergraph.definitions) if (isType(definition)) types.set(definition.name.value, definition);
  const subscription = types.get('Subscription');
  if (subscription?.kind !== Kind.OBJECT_TYPE_DEFINITION) return undefined;

  const announced = reachedFrom(subscription, types);
  return {
    ...supergraph,
    definitions: supergraph.definitions.map((definition) => {
      if (!isType(definition)) return definition;
      const name = definition.name.value;
      if (definition.kind === Kind.ENUM_TYPE_DEFINITION && name === 'join__Graph') return withGraph(definition);
      if (definition === subscription) return answeredLive(subscription);
      if (!announced.has(name)) return definition;
      return isEntity(definition) ? announcedEntity(definition) : announcedType(definition);
    }),
  };
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
  const [value] = (parse(`enum E { ${GRAPH} @join__graph(name: "${LIVE}", url: "") }`).definitions[0] as typeof graphs)
    .values!;
  return { ...graphs, values: [...(graphs.values ?? []), value!] };
}

function answeredLive(subscription: ObjectTypeDefinitionNode): ObjectTypeDefinitionNode {
  const fields = subscription.fields?.map((field) => ({ ...field, directives: without(field, 'join__field') })) ?? [];
  return { ...subscription, fields, directives: [...without(subscription, 'join__type'), directive('join__type')] };
}

function announcedType<Type extends TypeDefinitionNode>(type: Type): Type {
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
  const fields = type.fields?.map((field) =>
    argumentsOf(field, 'join__field', 'graph').length > 0 ? joinedAs(field, 'join__field') : field,
  );
  return { ...joined, fields: fields as FieldDefinitionNode[] };
}

function announcedEntity<Type extends TypeDefinitionNode>(type: Type): Type {
  if (!('fields' in type)) return type;
  const held = ANNOUNCED_OF_ENTITY[type.name.value] ?? ['id'];
  const graphs = [...new Set(argumentsOf(type, 'join__type', 'graph'))];
  const fields = type.fields?.map((field) => {
    const isEverywhere = argumentsOf(field, 'join__field', 'graph').length === 0;
    if (held.includes(field.name.value)) return isEverywhere ? field : joinedAs(field, 'join__field');
    if (!isEverywhere) return field;
    const directives = graphs.map((graph) => directive('join__field', '', graph));
    return { ...field, directives: [...(field.directives ?? []), ...directives] };
  });
  const joined = directive('join__type', 'key: "id", resolvable: false');
  return { ...type, fields: fields as FieldDefinitionNode[], directives: [...(type.directives ?? []), joined] };
}

interface Directed {
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
}

function joinedAs<Node extends Directed>(node: Node, name: string): Node {
  return { ...node, directives: [...(node.directives ?? []), directive(name)] };
}

function without({ directives = [] }: Directed, name: string): ConstDirectiveNode[] {
  return directives.filter((each) => each.name.value !== name);
}

function directive(name: string, more = '', graph = GRAPH): ConstDirectiveNode {
  const scalar = parse(`scalar S @${name}(graph: ${graph}${more && `, ${more}`})`).definitions[0];
  return (scalar as ScalarTypeDefinitionNode).directives![0]!;
}

/** The values of one argument in all directives of that name. */
function argumentsOf({ directives = [] }: Directed, name: string, argument: string): string[] {
  return directives
    .filter((each) => each.name.value === name)
    .flatMap((each) => each.arguments ?? [])
    .flatMap(({ name, value }) => (name.value === argument && 'value' in value ? [String(value.value)] : []));
}

function isEntity(type: TypeDefinitionNode): boolean {
  return argumentsOf(type, 'join__type', 'key').length > 0;
}

function isType(definition: DefinitionNode): definition is TypeDefinitionNode {
  return definition.kind.endsWith('TypeDefinition');
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
