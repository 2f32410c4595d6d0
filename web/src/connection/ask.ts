import type { TypedDocumentString } from '../generated/graphql.ts';
import { kith } from './kith.ts';

/** One typed operation as the signed-in user. Throws KithApiError or Unreachable. */
export function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Data> {
  return kith.request<Data>(document.toString(), variables as Readonly<Record<string, unknown>> | undefined);
}
