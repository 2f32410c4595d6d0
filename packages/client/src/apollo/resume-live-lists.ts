import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { ApolloLink } from '@apollo/client/link';
import { getMainDefinition } from '@apollo/client/utilities';
import { concat, defer, merge, mergeMap, Observable, of, retry, take, throwError, timer } from 'rxjs';
import { backoffMs } from '../network/backoff.ts';
import { followNetwork } from '../network/follow-network.ts';
import { MissedChange, NotResumable, PlaceInList } from './place-in-list.ts';

/** Asking again brings the same, until somebody signs in or mends the document. Any other break is passed over. */
const FINAL = new Set([
  ...['UNAUTHENTICATED', 'SESSION_ENDED', 'FORBIDDEN', 'BAD_USER_INPUT', 'QUERY_TOO_COMPLEX'],
  ...['GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED', 'PERSISTED_QUERY_NOT_FOUND'],
]);

/**
 * A link for Apollo Client 4 that resumes live lists (catch-up subscription): a subscription whose one field has an
 * `after: $variable` is subscribed to again from the last cursor whenever its line breaks, with back-off and jitter, and
 * at once where a revision is missing. Whoever subscribed has each change once and in order, and snapshots whole; they are
 * told only of what asking again would not mend: CombinedGraphQLErrors with such a code, or NotResumable. Every other
 * operation goes on as it is. It stands before a link that brings subscriptions and does not retry by itself:
 * docs/live-lists/protocol.md.
 */
export function resumeLiveLists(): ApolloLink {
  return new ApolloLink((operation, forward) => {
    const list = liveListIn(operation);
    if (!list) return forward(operation);
    return defer(() => {
      const given = operation.variables[list.variable] as string | null | undefined;
      return follow(new PlaceInList(list.field, given ?? null), (after) => {
        operation.variables = { ...operation.variables, [list.variable]: after };
        return forward(operation);
      });
    });
  });
}

type Result = ApolloLink.Result;

function follow(place: PlaceInList, subscribe: (after: string | null) => Observable<Result>): Observable<Result> {
  let failures = 0;
  // A gateway that goes away may end a subscription in good order: that is a break, too.
  const line = defer(() =>
    concat(
      subscribe(place.begin()),
      throwError(() => new Error('The line has ended.')),
    ),
  );
  return line.pipe(
    mergeMap((result) => {
      const { errors, data } = result as { errors?: readonly unknown[]; data?: Record<string, unknown> | null };
      if (errors?.length || !data) throw new CombinedGraphQLErrors({ ...result, errors: errors ?? [] } as never);
      const handedOn = place.take(data);
      if (!handedOn) return of();
      failures = 0;
      return of({ ...result, data: handedOn });
    }),
    retry({
      delay: (error: unknown) => {
        if (isFinal(error)) return throwError(() => error);
        if (error instanceof MissedChange) return of(0);
        failures += 1;
        return merge(timer(backoffMs(failures, Math.random)), networkIsBack).pipe(take(1));
      },
    }),
  );
}

const networkIsBack = new Observable<0>((waiting) =>
  followNetwork({ lost: () => undefined, back: () => waiting.next(0) }),
);

function isFinal(error: unknown): boolean {
  if (error instanceof NotResumable) return true;
  if (!CombinedGraphQLErrors.is(error)) return false;
  return error.errors.some(({ extensions }) => FINAL.has(String(extensions?.code)));
}

/** The name under which the list comes, and the variable that says from where; undefined for any other operation. */
function liveListIn({ query, operationType }: ApolloLink.Operation): { field: string; variable: string } | undefined {
  if (operationType !== 'subscription') return undefined;
  const [field, ...others] = getMainDefinition(query).selectionSet.selections.filter(
    (selection) => selection.kind !== 'Field' || selection.name.value !== '__typename',
  );
  if (field?.kind !== 'Field' || others.length > 0) return undefined;
  const after = field.arguments?.find(({ name }) => name.value === 'after')?.value;
  if (after?.kind !== 'Variable') return undefined;
  return { field: (field.alias ?? field.name).value, variable: after.name.value };
}
