import type { FlattenNodePathSegment } from '@graphql-hive/router-query-planner';
import {
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  visit,
} from 'graphql';

/** One level of a path: the field, by its key in the answer, and which types it goes on with; undefined for any. */
export interface Level {
  readonly field: string | undefined;
  readonly types: ReadonlySet<string> | undefined;
}

/** The first level is the root itself. Items of lists have no level. */
export function levelsOf(path: readonly FlattenNodePathSegment[]): readonly Level[] {
  const levels: Level[] = [{ field: undefined, types: undefined }];
  for (const segment of path) {
    if (segment === '@') continue;
    if ('Field' in segment) levels.push({ field: segment.Field, types: undefined });
    else levels.push({ field: levels.pop()?.field, types: new Set(segment.TypeCondition) });
  }
  return levels;
}

/** What is left of `path` behind `base`; undefined when it does not lead through there. */
export function levelsBehind(base: readonly Level[], path: readonly Level[]): readonly Level[] | undefined {
  const leadsThrough = base.every(({ field, types }, at) => {
    const level = path[at];
    if (!level || level.field !== field) return false;
    return !types || !level.types || [...types].some((type) => level.types?.has(type));
  });
  return leadsThrough ? path.slice(base.length) : undefined;
}

/** The selections of the one operation of a document, its fragments written out. */
export function selectionsOf(document: DocumentNode): SelectionSetNode {
  const fragments = new Map(
    document.definitions.flatMap((each) =>
      each.kind === Kind.FRAGMENT_DEFINITION ? [[each.name.value, each] as const] : [],
    ),
  );
  const writtenOut = (set: SelectionSetNode): SelectionSetNode =>
    visit(set, {
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (!fragment) return null;
        const { typeCondition, selectionSet } = fragment;
        return { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet: writtenOut(selectionSet) };
      },
    });
  const operation = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  return writtenOut(operation?.selectionSet ?? { kind: Kind.SELECTION_SET, selections: [] });
}

/** What stands behind `levels` in a selection, for objects of `type` there. */
export function fieldsAt(
  set: SelectionSetNode,
  levels: readonly Level[],
  type: string,
  schema: GraphQLSchema,
): readonly FieldNode[] {
  let sets: readonly SelectionSetNode[] = [set];
  let types: ReadonlySet<string> | undefined;
  for (const { field, types: further } of levels) {
    sets = fieldsFor(sets, types, schema).flatMap((found) =>
      keyOf(found) === field && found.selectionSet ? [found.selectionSet] : [],
    );
    types = further;
  }
  const isMeant = (condition: string) => condition === type || includes(schema, condition, type);
  return sets.flatMap(({ selections }) => fieldsIn(selections, isMeant));
}

/** What selections have for objects of `types`, undefined for any: a condition is met where one of them may meet it. */
export function fieldsFor(
  sets: readonly SelectionSetNode[],
  types: ReadonlySet<string> | undefined,
  schema: GraphQLSchema,
): readonly FieldNode[] {
  const isMeant = (condition: string) =>
    !types ||
    types.has(condition) ||
    [...types].some((type) => includes(schema, condition, type) || includes(schema, type, condition));
  return sets.flatMap(({ selections }) => fieldsIn(selections, isMeant));
}

/** The types that objects behind `levels` may have, where the selection begins at `root`. */
export function typesAt(
  set: SelectionSetNode,
  levels: readonly Level[],
  root: GraphQLNamedType,
  schema: GraphQLSchema,
): ReadonlySet<string> {
  let here: readonly (readonly [SelectionSetNode, GraphQLNamedType])[] = [[set, root]];
  for (const { field } of levels) {
    here = here.flatMap(([{ selections }, of]) =>
      fieldsWithTypes(selections, of, schema).flatMap(([found, parent]) => {
        const defined =
          isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[found.name.value] : undefined;
        if (keyOf(found) !== field || !found.selectionSet || !defined) return [];
        return [[found.selectionSet, getNamedType(defined.type)] as const];
      }),
    );
  }
  const types = here.flatMap(([, type]): readonly GraphQLNamedType[] =>
    isAbstractType(type) ? schema.getPossibleTypes(type) : [type],
  );
  return new Set(types.map(({ name }) => name));
}

function fieldsWithTypes(
  selections: readonly SelectionNode[],
  of: GraphQLNamedType,
  schema: GraphQLSchema,
): (readonly [FieldNode, GraphQLNamedType])[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [[selection, of] as const];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const { typeCondition, selectionSet } = selection;
    const within = (typeCondition && schema.getType(typeCondition.name.value)) ?? of;
    return fieldsWithTypes(selectionSet.selections, within, schema);
  });
}

export const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

function fieldsIn(selections: readonly SelectionNode[], isMeant: (condition: string) => boolean): FieldNode[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const { typeCondition, selectionSet } = selection;
    return !typeCondition || isMeant(typeCondition.name.value) ? fieldsIn(selectionSet.selections, isMeant) : [];
  });
}

function includes(schema: GraphQLSchema, condition: string, type: string): boolean {
  const abstract = schema.getType(condition);
  return isAbstractType(abstract) && schema.getPossibleTypes(abstract).some(({ name }) => name === type);
}
