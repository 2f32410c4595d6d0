import { argumentsOf } from '@kith/supergraph';
import {
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql';

interface JoinedType {
  readonly graph?: string;
  readonly key?: string;
  readonly resolvable?: boolean;
}

/**
 * The same supergraph for the planner, where a type that requires fields (`@requires`) has one key that all of its
 * subgraphs know and that is never null: the others are left out, as all that is found by them is found by that one. The
 * planner may take one of the others on the way to a field that requires, ask for it where it is not, and end by that.
 * What a subgraph needs to be an entity of an interface stays.
 */
export function oneKeyWhereAllKnowIt(supergraph: DocumentNode): DocumentNode {
  const typesWithFields = new Map(
    supergraph.definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION || definition.kind === Kind.INTERFACE_TYPE_DEFINITION
        ? [[definition.name.value, definition] as const]
        : [],
    ),
  );
  const fieldsOf = (type: string) => typesWithFields.get(type)?.fields ?? [];
  /** The keys by which a graph knows the interfaces of a type. */
  const keysOfInterfaces = (type: ObjectTypeDefinitionNode) =>
    new Set(
      (type.interfaces ?? []).flatMap(({ name }) => {
        const joined = argumentsOf(typesWithFields.get(name.value) ?? {}, 'join__type') as JoinedType[];
        return joined.map(({ graph, key }) => `${graph} ${key}`);
      }),
    );

  return visit(supergraph, {
    ObjectTypeDefinition(type) {
      const requires = type.fields?.some((field) => argumentsOf(field, 'join__field').some((join) => join.requires));
      if (!requires) return false;
      const joined = argumentsOf(type, 'join__type') as JoinedType[];
      const graphs = new Set(joined.map(({ graph }) => graph));
      const isKnownToAll = (key: string) =>
        [...graphs].every((graph) => joined.some((each) => each.graph === graph && each.key === key));
      const keys = new Set(joined.flatMap(({ key }) => (key === undefined ? [] : [key])));
      const common = [...keys].filter((key) => isKnownToAll(key) && isNeverNull(key, type.name.value, fieldsOf));
      const ofInterfaces = keysOfInterfaces(type);
      const one = common.find((key) => joined.some(({ graph }) => ofInterfaces.has(`${graph} ${key}`))) ?? common[0];
      if (one === undefined) return false;
      const findsByIt = new Set(
        joined.flatMap(({ graph, key, resolvable }) => (key === one && resolvable !== false ? [graph] : [])),
      );
      const stays = ({ graph, key }: JoinedType) =>
        key === one || !findsByIt.has(graph) || ofInterfaces.has(`${graph} ${key}`);
      const isLeftOut = (directive: ConstDirectiveNode) =>
        directive.name.value === 'join__type' &&
        !(argumentsOf({ directives: [directive] }, 'join__type') as JoinedType[]).every(stays);
      return { ...type, directives: type.directives?.filter((directive) => !isLeftOut(directive)) ?? [] };
    },
  });
}

/** Whether every field of a key, and every field on the way to it, always has a value. */
function isNeverNull(key: string, type: string, fieldsOf: (type: string) => readonly FieldDefinitionNode[]): boolean {
  const within = (set: SelectionSetNode, of: string): boolean =>
    set.selections.every((selection) => {
      if (selection.kind !== Kind.FIELD) return false;
      const field = fieldsOf(of).find(({ name }) => name.value === selection.name.value);
      if (field?.type.kind !== Kind.NON_NULL_TYPE) return false;
      if (!selection.selectionSet) return true;
      // A list may be empty.
      return field.type.type.kind === Kind.NAMED_TYPE && within(selection.selectionSet, field.type.type.name.value);
    });
  const [operation] = parse(`{ ${key} }`).definitions;
  return operation?.kind === Kind.OPERATION_DEFINITION && within(operation.selectionSet, type);
}
