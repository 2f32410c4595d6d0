import type { KnownByGraphs } from '@kith/supergraph';
import {
  type FieldNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { fieldsFor, keyOf } from './what-a-selection-has.ts';

export interface SelectedOfMember {
  readonly schema: GraphQLSchema;
  readonly knownByGraphs: KnownByGraphs;
  /** That is asked, by its name in lower case. */
  readonly subgraph: string;
}

/**
 * The fields of one member of an interface or a union, with all that is selected behind them, as a subgraph that has
 * them is asked for them.
 *
 * @throws {Error} when it does not have all of it
 */
export function selectionOfMember(
  fields: readonly FieldNode[],
  member: GraphQLObjectType,
  options: SelectedOfMember,
): InlineFragmentNode {
  const typeCondition = { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: member.name } } as const;
  return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: setOf(selectedOf(fields, member, options)) };
}

/** As the subgraph has it: a field may be of one member there, and of a union elsewhere. */
export function typeOfField(
  parent: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
  { schema, knownByGraphs, subgraph }: SelectedOfMember,
): GraphQLNamedType {
  const own = knownByGraphs.typeIn(subgraph, parent.name, field.name);
  return (own === undefined ? undefined : schema.getType(own)) ?? getNamedType(field.type);
}

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

const setOf = (selections: readonly SelectionNode[]): SelectionSetNode => ({ kind: Kind.SELECTION_SET, selections });

function selectedOf(
  fields: readonly FieldNode[],
  type: GraphQLObjectType,
  options: SelectedOfMember,
): readonly FieldNode[] {
  const { subgraph, knownByGraphs } = options;
  const byKey = new Map<string, FieldNode[]>();
  for (const field of fields) byKey.set(keyOf(field), [...(byKey.get(keyOf(field)) ?? []), field]);
  return [...byKey.values()].flatMap((same) => {
    const [field] = same;
    if (!field) return [];
    if (field.name.value === '__typename') return [field];
    const defined = type.getFields()[field.name.value];
    if (!defined || !knownByGraphs.answers(subgraph, type.name, field.name.value)) {
      throw new Error(
        `The plan does not ask for ${type.name}.${field.name.value}, which the subgraph "${subgraph}" does not have.`,
      );
    }
    const sets = same.flatMap(({ selectionSet }) => (selectionSet ? [selectionSet] : []));
    if (sets.length === 0) return [field];
    return [{ ...field, selectionSet: setOf(selectedBehind(sets, typeOfField(type, defined, options), options)) }];
  });
}

function selectedBehind(
  sets: readonly SelectionSetNode[],
  type: GraphQLNamedType,
  options: SelectedOfMember,
): readonly SelectionNode[] {
  const { schema, knownByGraphs, subgraph } = options;
  const fieldsOf = (name: string) => fieldsFor(sets, new Set([name]), schema);
  if (isObjectType(type)) return selectedOf(fieldsOf(type.name), type, options);
  if (!isAbstractType(type)) return [];
  const isKnown = ({ name }: GraphQLObjectType) =>
    !knownByGraphs.partial.has(type.name) || knownByGraphs.membersOf(subgraph, type.name).has(name);
  const members = schema.getPossibleTypes(type).filter(isKnown);
  const fragments = members.flatMap((member) => {
    const fields = fieldsOf(member.name);
    return fields.length > 0 ? [selectionOfMember(fields, member, options)] : [];
  });
  return [TYPENAME, ...fragments];
}
