import type { TypedDocumentString } from '../generated/graphql.ts';
import { kith } from './kith.ts';

/** One typed operation as the signed-in user. Throws KithApiError or Unreachable. */
export function ask<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  ...[variables]: Variables extends Record<string, never> ? [] : [Variables]
): Promise<Data> {
  return kith.request<Data>(document.toString(), variables as Readonly<Record<string, unknown>> | undefined);
}

/**
 * Hands an operation to the browser, which sends it when the page is gone (a fetch that is kept alive). Calls
 * `handedOver` at that moment, and never when a token would have to be fetched first: then it is for the next visit.
 */
export function askWhileLeaving<Data, Variables extends Readonly<Record<string, unknown>>>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
  handedOver: () => void,
): void {
  void kith.session.accessToken().then(
    (token) => {
      if (!token || !navigator.onLine) return;
      void fetch('/graphql', {
        method: 'POST',
        keepalive: true,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ query: document.toString(), variables }),
      }).catch(() => undefined);
      handedOver();
    },
    () => undefined,
  );
}
