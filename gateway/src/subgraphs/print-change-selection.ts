import { type FieldDefinitionNode, Kind, type TypeDefinitionNode } from 'graphql';
import { type Announced, isEntity, keyOf, namedType, providedBy } from './declare-live-subgraph.ts';

/**
 * The selection of all that an announcement of this subscription holds, for asking the store for the same: every field
 * of its types, and of an entity the key and what the service provides of it.
 */
export function printChangeSelection({ subscription, types, source }: Announced): string {
  function selectionOf(type: TypeDefinitionNode): string {
    const members = possibleTypesOf(type, types).map((each) => `... on ${each.name.value} ${selectionOf(each)}`);
    const fields = 'fields' in type ? (type.fields ?? []) : [];
    const names = fields.filter(isField).map((field) => `${field.name.value} ${behind(field)}`);
    return `{ __typename ${[...names, ...members].join(' ')} }`;
  }
  function behind(field: FieldDefinitionNode): string {
    const type = types.get(namedType(field.type));
    if (!type || type.kind === Kind.ENUM_TYPE_DEFINITION || type.kind === Kind.SCALAR_TYPE_DEFINITION) return '';
    if (isEntity(type)) return `{ __typename ${keyOf(type).join(' ')} ${providedBy(field, source)} }`;
    return selectionOf(type);
  }
  const field = subscription.fields?.[0];
  return field ? behind(field) : '';
}

const isField = (field: object): field is FieldDefinitionNode => 'type' in field && !('defaultValue' in field);

function possibleTypesOf(type: TypeDefinitionNode, types: Announced['types']): TypeDefinitionNode[] {
  if (type.kind === Kind.UNION_TYPE_DEFINITION)
    return (type.types ?? []).flatMap(({ name }) => types.get(name.value) ?? []);
  if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return [];
  return [...types.values()].filter(
    (other) =>
      other.kind === Kind.OBJECT_TYPE_DEFINITION &&
      other.interfaces?.some(({ name }) => name.value === type.name.value) === true,
  );
}
