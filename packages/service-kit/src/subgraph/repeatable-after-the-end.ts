import { Kind, type OperationDefinitionNode, parse } from 'graphql';

/**
 * Every mutation may be repeated, also by a client that never got its answer. These end the session or the account, so
 * a repeat comes with a token that is no longer valid for anything else.
 */
const ENDING: ReadonlySet<string> = new Set(['signOut', 'deleteAccount']);
const MAX_TOKENS = 500;

/** Whether all fields of the document may be repeated after the session has ended. */
export function isRepeatableAfterTheEnd(query: unknown): boolean {
  if (typeof query !== 'string') return false;
  try {
    const { definitions } = parse(query, { noLocation: true, maxTokens: MAX_TOKENS });
    const operations = definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
    return operations.length > 0 && operations.every(endsAndNothingElse);
  } catch {
    return false;
  }
}

function endsAndNothingElse({ selectionSet }: OperationDefinitionNode): boolean {
  return selectionSet.selections.every((each) => each.kind === Kind.FIELD && ENDING.has(each.name.value));
}
