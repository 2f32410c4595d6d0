import {
  type DocumentNode,
  type FieldNode,
  GraphQLID,
  GraphQLIncludeDirective,
  type GraphQLObjectType,
  type GraphQLSchema,
  GraphQLSkipDirective,
  getDirectiveValues,
  getNamedType,
  isAbstractType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
  type StringValueNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { NEW_ACCESS_TOKEN } from './gather/ask-root-fields.ts';
import type { SourceKeyOf } from './source-key.ts';

type Variables = Readonly<Record<string, unknown>>;

export interface PlanningDocument {
  /** For the planner; undefined when no service has to be asked. */
  readonly text: string | undefined;
  /** What clients call a field, by what services are asked for it. */
  readonly responseKeys: ReadonlyMap<string, string>;
}

/**
 * The operation as plans are made for it: without what `@skip` and `@include` leave out under these variables, without
 * introspection, with `__typename` wherever a type must be told from others, with aliases that are in nobody's way, and in
 * the words of the specification of October 2021: the planner reads no description of an operation, and no number of
 * more than 64 bits, which may be an ID.
 */
export function planningDocumentOf(asked: {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  variables: Variables;
  sourceKeyOf: SourceKeyOf;
  /** The interfaces whose types some services cannot say: they are not asked for where nobody asks for them. */
  interfaceObjects: ReadonlySet<string>;
}): PlanningDocument {
  const { schema, document, operation, variables, sourceKeyOf, interfaceObjects } = asked;
  const responseKeys = new Map<string, string>();
  const types = new TypeInfo(schema);
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);

  const prepared = visit(
    // Of several operations only this one is planned.
    {
      ...document,
      definitions: document.definitions.filter(
        (definition) => definition.kind === Kind.FRAGMENT_DEFINITION || definition === operation,
      ),
    },
    visitWithTypeInfo(types, {
      OperationDefinition: withoutDescription,
      FragmentDefinition: withoutDescription,
      VariableDefinition: withoutDescription,
      IntValue: ({ value }) =>
        getNamedType(types.getInputType()) === GraphQLID ? { kind: Kind.STRING, value } : undefined,
      SelectionSet(set) {
        const parent = types.getParentType();
        const isRoot = parent && roots.has(parent as never);
        const kept = set.selections.filter(
          (selection) => !isLeftOut(selection, variables) && !(isRoot && isAnsweredHere(selection)),
        );
        const isToldApart = isAbstractType(parent) && !(interfaceObjects.has(parent.name) && kept.every(isField));
        const mustSayType = isToldApart || (kept.length === 0 && !isRoot);
        const selections = (mustSayType ? [TYPENAME, ...kept] : kept).map(withoutConditions);
        const opensSession = operation.operation === 'mutation' && isObjectType(parent) && isSession(parent);
        return { ...set, selections: opensSession ? [NEW_TOKEN, ...selections] : selections };
      },
      Field: {
        // As the client wrote it: it knows no other name.
        enter(field) {
          // Whatever clients call it: it is known of each object once.
          if (field.name.value === '__typename') return withoutAlias(field);
          const key = sourceKeyOf(field);
          if (key === field.name.value) return field.alias && withoutAlias(field);
          responseKeys.set(key, (field.alias ?? field.name).value);
          return { ...field, alias: { kind: Kind.NAME, value: key } };
        },
      },
    }),
  );
  const bare = withoutEmptyFragments(prepared);
  const { selectionSet } = bare.definitions.find(({ kind }) => kind === Kind.OPERATION_DEFINITION) as typeof operation;
  return { text: selectionSet.selections.length === 0 ? undefined : print(bare), responseKeys };
}

/** The part of a query that asks about the schema; undefined when there is none. */
export function introspectionOf(document: DocumentNode, operation: OperationDefinitionNode): DocumentNode | undefined {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition]] : [],
    ),
  );
  const introspecting = ({ selections }: SelectionSetNode): SelectionSetNode => ({
    kind: Kind.SELECTION_SET,
    selections: selections.flatMap((selection): SelectionNode[] => {
      if (selection.kind === Kind.FIELD) return isIntrospection(selection) ? [selection] : [];
      const behind = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
      const selectionSet = behind && introspecting(behind.selectionSet);
      if (!selectionSet || selectionSet.selections.length === 0) return [];
      return [{ kind: Kind.INLINE_FRAGMENT, directives: selection.directives ?? [], selectionSet }];
    }),
  });
  if (operation.operation !== 'query') return undefined;
  const selectionSet = introspecting(operation.selectionSet);
  if (selectionSet.selections.length === 0) return undefined;
  return {
    ...document,
    definitions: document.definitions.map((definition) =>
      definition === operation ? { ...operation, selectionSet } : definition,
    ),
  };
}

const NEW_TOKEN: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: NEW_ACCESS_TOKEN } };
const isSession = (type: GraphQLObjectType) => NEW_ACCESS_TOKEN in type.getFields();

const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

const isField = ({ kind }: SelectionNode) => kind === Kind.FIELD;

const isIntrospection = ({ name }: FieldNode) => name.value === '__schema' || name.value === '__type';

/** Of the root: which type it is needs no service either. */
function isAnsweredHere(selection: SelectionNode): boolean {
  return selection.kind === Kind.FIELD && (isIntrospection(selection) || selection.name.value === '__typename');
}

function isLeftOut(selection: SelectionNode, variables: Variables): boolean {
  if (!selection.directives?.length) return false;
  return (
    getDirectiveValues(GraphQLSkipDirective, selection, variables)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, selection, variables)?.if === false
  );
}

function withoutDescription<Node extends { readonly description?: StringValueNode | undefined }>(
  node: Node,
): Node | undefined {
  if (node.description === undefined) return undefined;
  const { description: _forReaders, ...bare } = node;
  return bare as Node;
}

function withoutConditions<Selection extends SelectionNode>(selection: Selection): Selection {
  if (!selection.directives?.length) return selection;
  const directives = selection.directives.filter(({ name }) => name.value !== 'skip' && name.value !== 'include');
  return { ...selection, directives };
}

function withoutAlias(field: FieldNode): FieldNode {
  const { alias: _itsOwnName, ...bare } = field;
  return bare;
}

/** On a root type nothing may be left of a fragment; then nothing is left of what spreads it either. */
function withoutEmptyFragments(document: DocumentNode): DocumentNode {
  for (let pruned = document; ; ) {
    const empty = new Set(
      pruned.definitions.flatMap((definition) =>
        definition.kind === Kind.FRAGMENT_DEFINITION && definition.selectionSet.selections.length === 0
          ? [definition.name.value]
          : [],
      ),
    );
    const next: DocumentNode = visit(pruned, {
      FragmentDefinition: ({ name }) => (empty.has(name.value) ? null : undefined),
      FragmentSpread: ({ name }) => (empty.has(name.value) ? null : undefined),
      InlineFragment: { leave: ({ selectionSet }) => (selectionSet.selections.length === 0 ? null : undefined) },
    });
    if (next === pruned) return pruned;
    pruned = next;
  }
}
