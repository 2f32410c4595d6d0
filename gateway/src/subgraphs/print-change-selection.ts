import { present } from '@kith/service-kit';
import { type FieldDefinitionNode, Kind, type TypeDefinitionNode, type TypeNode } from 'graphql';
import {
  type Announced,
  fieldsOf,
  isEntity,
  keyOf,
  namedType,
  possibleTypesOf,
  providedBy,
} from './declare-live-subgraphs.ts';

/**
 * The selection of all that a change of a live list holds, for asking the store for the same: every field of its types,
 * and of an entity the key and what the service provides of it.
 */
export function printChangeSelection(field: FieldDefinitionNode, { types, source }: Announced): string {
  function selectionOf(type: TypeDefinitionNode): string {
    const members = possibleTypesOf(type, types, source).map(
      (each) => `... on ${each.name.value} ${selectionOf(each)}`,
    );
    const names = announcedFieldsOf(type, source).map((each) => `${each.name.value} ${behind(each)}`);
    return `{ __typename ${[...names, ...members].join(' ')} }`;
  }
  function behind(field: FieldDefinitionNode): string {
    const type = types.get(namedType(field.type));
    if (!type || type.kind === Kind.ENUM_TYPE_DEFINITION || type.kind === Kind.SCALAR_TYPE_DEFINITION) return '';
    if (isEntity(type)) return `{ __typename ${keyOf(type, source).join(' ')} ${providedBy(field, source)} }`;
    return selectionOf(type);
  }
  return behind(field);
}

/**
 * The same as JSON Schema: what an announced change has to be, by the name of its type. What a later version adds is let
 * through.
 */
export function schemasOfChange(field: FieldDefinitionNode, { types, source }: Announced): Map<string, object> {
  function ofNamed(name: string): object {
    const type = types.get(name);
    if (type?.kind === Kind.ENUM_TYPE_DEFINITION) return { enum: (type.values ?? []).map((each) => each.name.value) };
    if (!type || type.kind === Kind.SCALAR_TYPE_DEFINITION) return SCALARS[name] ?? ANYTHING;
    if (isEntity(type)) return objectOf(type, fieldsOf(type, source).filter(isIn(keyOf(type, source))));
    const possible = possibleTypesOf(type, types, source);
    if (possible.length === 0) return objectOf(type, announcedFieldsOf(type, source));
    return { anyOf: possible.map((each) => named(each, ofNamed(each.name.value))) };
  }
  function objectOf(type: TypeDefinitionNode, fields: readonly FieldDefinitionNode[]): object {
    return {
      type: 'object',
      required: fields.map((each) => each.name.value),
      properties: Object.fromEntries([
        ['__typename', { const: type.name.value }],
        ...fields.map((each) => [each.name.value, ofType(each.type)]),
      ]),
    };
  }
  function ofType(type: TypeNode): object {
    if (type.kind === Kind.NON_NULL_TYPE) return ofNullable(type.type);
    return { anyOf: [{ type: 'null' }, ofNullable(type)] };
  }
  const ofNullable = (type: TypeNode): object => {
    if (type.kind === Kind.LIST_TYPE) return { type: 'array', items: ofType(type.type) };
    return type.kind === Kind.NON_NULL_TYPE ? ofNullable(type.type) : ofNamed(type.name.value);
  };
  const type = present(types.get(namedType(field.type)), 'the type of a field is in the schema');
  const possible = possibleTypesOf(type, types, source);
  const changes = possible.length > 0 ? possible : [type];
  return new Map(changes.map(({ name }) => [name.value, ofNamed(name.value)]));
}

/** Which of several types it is has to be said. */
const named = (type: TypeDefinitionNode, schema: object) => ({
  ...schema,
  required: ['__typename', ...((schema as { required?: string[] }).required ?? [])],
  properties: { ...(schema as { properties?: object }).properties, __typename: { const: type.name.value } },
});

const SCALARS: Readonly<Record<string, object>> = {
  ID: { type: ['string', 'integer'] },
  String: { type: 'string' },
  Int: { type: 'integer' },
  Float: { type: 'number' },
  Boolean: { type: 'boolean' },
};
/** A scalar of the service's own. */
const ANYTHING = { not: { type: 'null' } };

const isIn = (names: readonly string[]) => (field: FieldDefinitionNode) => names.includes(field.name.value);

/** Those that can be had without being asked for in one way or another. */
function announcedFieldsOf(type: TypeDefinitionNode, source: string): FieldDefinitionNode[] {
  return fieldsOf(type, source).filter(
    ({ arguments: given = [] }) =>
      !given.some(({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined),
  );
}
