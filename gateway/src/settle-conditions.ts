import {
  type DirectiveNode,
  type DocumentNode,
  type ExecutionArgs,
  type FieldNode,
  type FragmentSpreadNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  getOperationAST,
  getVariableValues,
  type InlineFragmentNode,
  Kind,
  type SelectionNode,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Settles `@skip` and `@include` before the federation sees the operation. Of a field that is selected twice under the
 * same name it asks the service for one, and when that is the skipped one the answer lacks the other (@graphql-tools/
 * delegate 12; `{ me { id @skip(if: true) id } }` shows it).
 */
export const settleConditions: Plugin = {
  onExecute: ({ args }) => {
    args.document = settled(args);
  },
  onSubscribe: ({ args }) => {
    args.document = settled(args);
  },
};

const hasConditions = new WeakMap<DocumentNode, boolean>();

/** The document without what is left out under these variables; the same one when it has no conditions. */
export function settled({ schema, document, operationName, variableValues }: ExecutionArgs): DocumentNode {
  if (!mayLeaveOut(document)) return document;
  const operation = getOperationAST(document, operationName);
  if (!operation) return document;
  const { coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variableValues ?? {});
  // Values that do not fit are refused by the execution itself.
  if (!coerced) return document;
  const isLeftOut = (node: SelectionNode) =>
    getDirectiveValues(GraphQLSkipDirective, node, coerced)?.if === true ||
    getDirectiveValues(GraphQLIncludeDirective, node, coerced)?.if === false;

  return visit(document, {
    SelectionSet(node) {
      const kept = node.selections.filter((selection) => !isLeftOut(selection));
      // A set may not be empty: what is left out for good stays, with its condition.
      if (kept.length === 0) return undefined;
      return { ...node, selections: kept.map(withoutConditions) };
    },
  });
}

function mayLeaveOut(document: DocumentNode): boolean {
  const known = hasConditions.get(document);
  if (known !== undefined) return known;
  let found = false;
  visit(document, {
    Directive(node) {
      found ||= isCondition(node);
    },
  });
  hasConditions.set(document, found);
  return found;
}

function withoutConditions(selection: SelectionNode): SelectionNode {
  if (!selection.directives?.some(isCondition)) return selection;
  const directives = selection.directives.filter((directive) => !isCondition(directive));
  switch (selection.kind) {
    case Kind.FIELD:
      return { ...selection, directives } satisfies FieldNode;
    case Kind.FRAGMENT_SPREAD:
      return { ...selection, directives } satisfies FragmentSpreadNode;
    case Kind.INLINE_FRAGMENT:
      return { ...selection, directives } satisfies InlineFragmentNode;
    default: {
      const unhandled: never = selection;
      return unhandled;
    }
  }
}

function isCondition({ name }: DirectiveNode): boolean {
  return name.value === 'skip' || name.value === 'include';
}
