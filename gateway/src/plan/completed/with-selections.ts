import type { BatchFetchNode, FetchNode } from '@graphql-hive/router-query-planner';
import {
  type DocumentNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  type SelectionSetNode,
  stripIgnoredCharacters,
  visit,
} from 'graphql';

/** Has a step ask for these selections; the variables in them are those of the client's `document`. Changed in place. */
export function withSelections(
  fetch: FetchNode | BatchFetchNode,
  selectionSet: SelectionSetNode,
  document: DocumentNode,
): void {
  const operation = operationOf(parse(fetch.operation));
  const used = new Set<string>();
  visit(selectionSet, { Variable: ({ name }) => void used.add(name.value) });
  const { variableDefinitions: declared = [] } = operation;
  const isNew = (name: string) => used.has(name) && !declared.some(({ variable }) => variable.name.value === name);
  const added = (operationOf(document).variableDefinitions ?? []).filter(({ variable }) => isNew(variable.name.value));
  const variableDefinitions = [...declared, ...added];
  const names = added.map(({ variable }) => variable.name.value);
  fetch.variableUsages = [...new Set([...(fetch.variableUsages ?? []), ...names])];
  fetch.operation = stripIgnoredCharacters(print({ ...operation, variableDefinitions, selectionSet }));
}

function operationOf({ definitions }: DocumentNode): OperationDefinitionNode {
  const operation = definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw new Error('A step of the plan has no operation.');
  return operation;
}
