import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

const PAGE_SIZE = 'first';
/** The largest page there is; what asks for more is refused by the service, by its field's name. */
const LARGEST_PAGE = 500;

/**
 * How many fields the answer may have: a field is 1, and what is selected under a page counts as often as the page is
 * long, by its argument, its variable or its default. An operation that is not there costs nothing.
 */
export function costOfOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  { operationName, variables }: { operationName?: string | null; variables?: Readonly<Record<string, unknown>> | null },
): number {
  const operation = getOperationAST(document, operationName);
  const root = operation && schema.getRootType(operation.operation);
  if (!operation || !root) return 0;
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const costs = new Map<string, number>();
  const pageSize = (field: FieldNode, definition: GraphQLField<unknown, unknown>) =>
    pageSizeOf(field, definition, variables ?? {}, operation);

  function costOfFragment(name: string): number {
    const known = costs.get(name);
    if (known !== undefined) return known;
    costs.set(name, 0);
    const fragment = fragments.get(name);
    const type = fragment && schema.getType(fragment.typeCondition.name.value);
    const cost = fragment && isCompositeType(type) ? costOf(fragment.selectionSet, type) : 0;
    costs.set(name, cost);
    return cost;
  }

  function costOf({ selections }: SelectionSetNode, parent: GraphQLCompositeType): number {
    let cost = 0;
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        cost += costOfFragment(selection.name.value);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        const type = selection.typeCondition ? schema.getType(selection.typeCondition.name.value) : parent;
        if (isCompositeType(type)) cost += costOf(selection.selectionSet, type);
      } else {
        cost += costOfField(selection, parent);
      }
    }
    return cost;
  }

  function costOfField(field: FieldNode, parent: GraphQLCompositeType): number {
    const definition =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined;
    if (!definition) return 1;
    const type = getNamedType(definition.type);
    if (!field.selectionSet || !isCompositeType(type)) return 1;
    return 1 + pageSize(field, definition) * costOf(field.selectionSet, type);
  }

  return costOf(operation.selectionSet, root);
}

function pageSizeOf(
  field: FieldNode,
  definition: GraphQLField<unknown, unknown>,
  variables: Readonly<Record<string, unknown>>,
  operation: OperationDefinitionNode,
): number {
  const argument = definition.args.find(({ name }) => name === PAGE_SIZE);
  if (!argument) return 1;
  const given = field.arguments?.find(({ name }) => name.value === PAGE_SIZE)?.value;
  const asked = sizeIn(given, variables, operation) ?? argument.defaultValue;
  return typeof asked === 'number' && asked >= 0 ? Math.min(asked, LARGEST_PAGE) : 1;
}

function sizeIn(
  node: ValueNode | undefined,
  variables: Readonly<Record<string, unknown>>,
  operation: OperationDefinitionNode,
): unknown {
  if (node?.kind === Kind.INT) return Number(node.value);
  if (node?.kind !== Kind.VARIABLE) return undefined;
  const name = node.name.value;
  if (variables[name] !== undefined && variables[name] !== null) return variables[name];
  const definition = operation.variableDefinitions?.find(({ variable }) => variable.name.value === name);
  return definition?.defaultValue?.kind === Kind.INT ? Number(definition.defaultValue.value) : undefined;
}
