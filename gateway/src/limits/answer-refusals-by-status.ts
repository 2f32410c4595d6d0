import { type ErrorCode, httpStatusOf } from '@kith/service-kit';
import type { GraphQLError } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** What the whole operation was refused for, and a client, a proxy or a person at a log should see without reading it. */
const REFUSALS: readonly ErrorCode[] = ['QUERY_TOO_COMPLEX', 'RATE_LIMITED', 'SERVICE_UNAVAILABLE'];

/**
 * An operation of which nothing was done is answered, over HTTP, with the status of its refusal: 400 for one that asks
 * for too much, 429 with `Retry-After` for one that comes too often. A service that is away is 503 only when the client
 * was refused here, before execution: on fields it is an error of the field.
 */
export const answerRefusalsByStatus: Plugin = {
  onResultProcess({ result }) {
    if (Array.isArray(result) || isAsyncIterable(result) || (result.data !== undefined && result.data !== null)) return;
    const executed = 'data' in result;
    for (const error of result.errors ?? []) {
      const code = REFUSALS.find((each) => each === error.extensions?.code);
      if (code === undefined || (code === 'SERVICE_UNAVAILABLE' && executed)) continue;
      giveStatus(error, httpStatusOf(code));
    }
  },
};

function giveStatus(error: GraphQLError, status: number): void {
  const { retryAfterMs } = error.extensions;
  const headers =
    typeof retryAfterMs === 'number' ? { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) } : {};
  Object.assign(error.extensions, { http: { status, headers } });
}
