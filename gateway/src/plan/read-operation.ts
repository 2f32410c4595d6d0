import {
  type ExecutionArgs,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  type OperationDefinitionNode,
} from 'graphql';

export type AskedFor = { operation: OperationDefinitionNode; variables: Record<string, unknown> };

/** The operation that is meant, and its variables as their types take them; or why it cannot be run. */
export function operationOf(
  schema: GraphQLSchema,
  { document, operationName, variableValues }: ExecutionArgs,
): AskedFor | { errors: readonly GraphQLError[] } {
  const operation = getOperationAST(document, operationName);
  if (!operation) {
    const message = operationName
      ? `The document has no operation "${operationName}".`
      : 'The document has several operations: say which one by "operationName".';
    return { errors: [new GraphQLError(message)] };
  }
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {}, {
    maxErrors: 20,
  });
  return coerced ? { operation, variables: coerced } : { errors: errors ?? [] };
}
