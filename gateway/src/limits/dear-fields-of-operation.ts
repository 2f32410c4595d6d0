import {
  type DocumentNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getOperationAST,
  isAbstractType,
  type OperationDefinitionNode,
  separateOperations,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { GatewayContext } from '../request/gateway-context.ts';

/** Tells each query and mutation which dear fields it asks for: `run-within-bounds.ts` gives it their places. */
export function nameDearFields(schema: GraphQLSchema, dear: ReadonlySet<string>): Plugin<GatewayContext> {
  if (dear.size === 0) return {};
  const known = new WeakMap<OperationDefinitionNode, readonly string[]>();
  return {
    onExecute({ args: { document, operationName, contextValue } }) {
      const operation = getOperationAST(document, operationName);
      if (!operation) return;
      let fields = known.get(operation);
      if (!fields) {
        fields = dearFieldsOf(schema, dear, document, operation);
        known.set(operation, fields);
      }
      if (fields.length > 0) contextValue.dearFields = fields;
    },
  };
}

/**
 * Which of the dear fields (`Type.field`) an operation of a valid document asks for, through its fragments too, each
 * once and in one order whatever the document; what a variable would leave out is counted as asked for.
 */
export function dearFieldsOf(
  schema: GraphQLSchema,
  dear: ReadonlySet<string>,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): readonly string[] {
  const found = new Set<string>();
  const types = new TypeInfo(schema);
  const own = separateOperations(document)[operation.name?.value ?? ''] ?? document;
  visit(
    own,
    visitWithTypeInfo(types, {
      Field({ name }) {
        for (const type of objectsOf(schema, types.getParentType())) {
          const field = `${type}.${name.value}`;
          if (dear.has(field)) found.add(field);
        }
      },
    }),
  );
  return [...found].sort();
}

/** An interface is asked for a field of each type that implements it. */
function objectsOf(schema: GraphQLSchema, type: GraphQLCompositeType | null | undefined): string[] {
  if (!type) return [];
  return isAbstractType(type) ? [type.name, ...schema.getPossibleTypes(type).map(({ name }) => name)] : [type.name];
}
