import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { ExecutionResult, GraphQLError } from 'graphql';
import { type FetchAPI, isAsyncIterable, type Plugin } from 'graphql-yoga';
import { EVENT_ID } from '../../request/event-ids.ts';
import type { GatewayContext } from '../../request/gateway-context.ts';
import type { StreamForm } from '../../request/prefer-media-types.ts';

/** What a transport knows of a request besides what yoga does. */
export interface OfRequest {
  /** How a subscription is to be answered. */
  readonly streamForm?: StreamForm | undefined;
  /** Counts the answer among those that stay open, once; throws KithError when there is no place for it. */
  keepOpen?(): void;
}

/**
 * Subscriptions over HTTP as streams: server-sent events with ids (graphql-sse, distinct connections mode,
 * https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md#distinct-connections-mode), or Apollo's multipart
 * protocol (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol). With
 * backpressure: a result is asked for when the one before has left.
 */
export function streamResults({ eventsEveryMs = 12_000, partsEveryMs = 5_000 } = {}): Plugin<GatewayContext> {
  return {
    onResultProcess({ request, result, serverContext, setResult, setResultProcessor }) {
      const { streamForm, keepOpen } = serverContext as OfRequest;
      const isStream = isAsyncIterable(result);
      if (isStream) {
        try {
          keepOpen?.();
        } catch (error) {
          if (!(error instanceof KithError)) throw error;
          void result[Symbol.asyncIterator]().return?.();
          return setResult({ errors: [graphqlErrorOf(error)] });
        }
      }
      if (streamForm === 'events' && isStream) {
        setResultProcessor((results, api) => respond(api, results, EVENTS, eventsEveryMs), 'text/event-stream');
      }
      // Whoever takes JSON is told so of what was not run.
      const alone = !/json|\*\/\*|application\/\*/i.test(request.headers.get('accept') ?? '');
      if (streamForm === 'multipart' && (isStream || alone)) {
        setResultProcessor((results, api) => respond(api, results, MULTIPART, partsEveryMs), 'multipart/mixed');
      }
    },
  };
}

/** How results are written. */
interface Form {
  readonly headers: Readonly<Record<string, string>>;
  readonly begin: string;
  readonly heartbeat: string;
  write(result: ExecutionResult): string;
  readonly end: string;
}

const KEPT_OPEN = { 'cache-control': 'no-cache', 'x-accel-buffering': 'no' };

const EVENTS: Form = {
  headers: { 'content-type': 'text/event-stream', ...KEPT_OPEN },
  // Some browsers take the answer for begun when there is something of it.
  begin: ':\n\n',
  heartbeat: ':\n\n',
  write: (result) => `event: next\n${idOf(result)}data: ${JSON.stringify(shown(result))}\n\n`,
  end: 'event: complete\ndata:\n\n',
};

const BOUNDARY = 'graphql';
/** A part is complete for its reader when the next boundary is there, so that one follows each at once. */
const part = (body: object) => `\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(body)}\r\n--${BOUNDARY}`;

const MULTIPART: Form = {
  headers: { 'content-type': `multipart/mixed;boundary="${BOUNDARY}";subscriptionSpec="1.0"`, ...KEPT_OPEN },
  begin: `\r\n--${BOUNDARY}`,
  heartbeat: part({}),
  // An answer, or why there are no more of them: that has no data, not even null.
  write: (result) =>
    part('data' in result ? { payload: shown(result) } : { payload: null, errors: shown(result).errors }),
  end: '--\r\n',
};

function idOf(result: ExecutionResult & { readonly [EVENT_ID]?: string }): string {
  return result[EVENT_ID] === undefined ? '' : `id: ${result[EVENT_ID]}\n`;
}

/** Without what yoga notes at errors for itself. */
function shown(result: ExecutionResult) {
  return result.errors ? { ...result, errors: result.errors.map(errorShown) } : result;
}

function errorShown(error: GraphQLError) {
  const { extensions, ...told } = error.toJSON?.() ?? error;
  const { http: _http, unexpected: _unexpected, ...said } = extensions ?? {};
  return { ...told, extensions: said };
}

/** `api` is yoga's: it alone hears that a client has left. */
function respond(api: FetchAPI, results: unknown, form: Form, heartbeatEveryMs: number): Response {
  const iterator = iteratorOf(results);
  const encoder = new TextEncoder();
  let heart: NodeJS.Timeout | undefined;
  const body = new api.ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(encoder.encode(form.begin));
      heart = setInterval(() => {
        // Who has not read what is there needs no sign of life.
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(encoder.encode(form.heartbeat));
      }, heartbeatEveryMs).unref();
    },
    async pull(controller) {
      try {
        const { value, done = false } = await iterator.next();
        if (value) controller.enqueue(encoder.encode(form.write(value)));
        if (!done) return;
        clearInterval(heart);
        controller.enqueue(encoder.encode(form.end));
        controller.close();
      } catch (error) {
        clearInterval(heart);
        controller.error(error);
      }
    },
    async cancel() {
      clearInterval(heart);
      await iterator.return?.();
    },
  });
  return new api.Response(body, { status: 200, headers: form.headers });
}

function iteratorOf(results: unknown): AsyncIterator<ExecutionResult> {
  if (isAsyncIterable<ExecutionResult>(results)) return results[Symbol.asyncIterator]();
  const [one] = [results as ExecutionResult];
  let told = false;
  return {
    async next() {
      if (told) return { done: true, value: undefined };
      told = true;
      return { done: false, value: one };
    },
  };
}
