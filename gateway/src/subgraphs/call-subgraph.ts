import {
  CLIENT_ADDRESS_HEADER,
  GATEWAY_KEY_HEADER,
  type Logger,
  present,
  type SharedSecret,
  shownSecret,
} from '@kith/service-kit';
import type { SubscriptionSettings } from '@kith/supergraph';
import { isBrokenCircuitError } from 'cockatiel';
import type { ExecutionResult } from 'graphql';
import { GraphQLError } from 'graphql';
import type { Pool } from 'undici';
import { SlowForOne } from './break-circuit.ts';
import { NOT_SENT_YET } from './calls/ask-over-one-connection.ts';
import { ManyCallsNotOffered } from './calls/connection.ts';
import { followReplicas, type Replica } from './replicas.ts';
import { offerStreams } from './streams/offer-streams.ts';
import type { Stream, StreamListener } from './streams/stream-ends.ts';

export interface SubgraphCall {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
  readonly authorization?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly clientAddress?: string | undefined;
  /** Of the client's request, by their names in lower case: each service is given those that it asks for. */
  readonly forwarded?: Readonly<Record<string, string>> | undefined;
  /** ms since 1970: nobody waits for the answer any longer. */
  readonly answerBy?: number | undefined;
  /** Told how long the text of the answer was. */
  readonly tellLength?: ((length: number) => void) | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's, which only the caller knows.
export type SubgraphResult = ExecutionResult<any>;

export interface Subgraph {
  /** Always a GraphQL result: a service that does not answer in time is the error SERVICE_UNAVAILABLE. */
  call(call: SubgraphCall): Promise<SubgraphResult>;
  /** Opens a subscription there, on a connection of its own; throws StreamLost or StreamRefused. */
  stream(call: SubgraphCall, listener: StreamListener): Stream;
  /** Whether the service says that it can do its work. */
  ready(): Promise<boolean>;
  /** Whether it has said anything of late, also that it cannot. */
  readonly heard: boolean;
  stop(): Promise<void>;
}

export interface SubgraphOptions {
  /** As a client may see it: "friend". */
  readonly name: string;
  /** Base URLs of its replicas, or a host name that stands for several. */
  readonly urls: readonly string[];
  /** Where GraphQL is answered there: /graphql unless told. */
  readonly path?: string;
  readonly readyPath?: string;
  /** Shown to it: of several the first. */
  readonly gatewayKey?: SharedSecret | undefined;
  /** Whether it is given the viewer's token and address: yes unless told. */
  readonly viewerToken?: boolean;
  /** Added to every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the client's request: passed on, if they are there. */
  readonly forwardHeaders?: readonly string[];
  /** Whether many calls go to it over one connection: only if it is one that offers that. */
  readonly multiplexed?: boolean;
  /** How it offers subscriptions, if it does. */
  readonly subscriptions?: SubscriptionSettings;
  readonly log: Logger;
  readonly answerWithinMs?: number;
  readonly maxConnections?: number;
}

/** What is sent twice, if need be, has not all of the time the first time. */
const SHARE_OF_FIRST_TRY = 0.6;
/** Nothing has been sent: it can have done nothing. */
const NOTHING_IS_ASKED = 'circuit open';
const NOT_SENT = new Set([
  NOTHING_IS_ASKED,
  NOT_SENT_YET,
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'],
]);

/**
 * A service of several replicas, each behind its circuit breaker; every call has a deadline. What one replica does not
 * answer is asked of another within that time, if that is safe: a query, or what has not been sent.
 */
export function connectSubgraph(options: SubgraphOptions): Subgraph {
  const { name, urls, log, path = '/graphql', readyPath, answerWithinMs = 2_500, maxConnections = 64 } = options;
  const { always, ofCall } = headersFor(options);
  const replicas = followReplicas({
    ...{ name, urls, log, maxConnections },
    ...(readyPath !== undefined && { readyPath }),
    ...(options.multiplexed && { calls: { path, headers: always } }),
  });
  const headersOf = (call: SubgraphCall) => ({ ...always, ...ofCall(call) });

  async function call(call: SubgraphCall): Promise<SubgraphResult> {
    const headers = ofCall(call);
    const body = JSON.stringify({
      query: call.query,
      variables: call.variables,
      operationName: call.operationName,
    });
    const answerBy = Math.min(call.answerBy ?? Number.POSITIVE_INFINITY, Date.now() + answerWithinMs);
    const isQuery = !call.query.startsWith('mutation');
    const tried = new Set<Replica>();
    for (let replica = replicas.choose(tried); replica; replica = replicas.choose(tried)) {
      const leftMs = Math.floor(answerBy - Date.now());
      if (leftMs <= 0) break;
      tried.add(replica);
      const mayBeSentTwice = isQuery && tried.size === 1 && replicas.hasOther(replica);
      const withinMs = mayBeSentTwice ? leftMs * SHARE_OF_FIRST_TRY : leftMs;
      try {
        // It had less than its time: others had used that up, and it is not its fault.
        const isItsFault = leftMs >= answerWithinMs - 1;
        return await ask(replica, { path, always, headers, body, withinMs, isItsFault, tellLength: call.tellLength });
      } catch (error) {
        if (!isQuery && !NOT_SENT.has(codeOf(error))) break;
      }
    }
    return unavailable(name);
  }

  const openStream = offerStreams({
    ...{ name, path, subscriptions: options.subscriptions },
    address: () => present(replicas.choose(NONE_TRIED), 'a service has an address'),
  });
  const stream = (asked: SubgraphCall, listener: StreamListener) => {
    const { query, variables } = asked;
    return openStream({ headers: headersOf(asked), operation: { query, variables } }, listener);
  };
  return {
    call,
    stream,
    ready: () => replicas.ready(),
    get heard() {
      return replicas.heard;
    },
    stop: () => replicas.stop(),
  };
}

const NONE_TRIED: ReadonlySet<Replica> = new Set();

/** What every request has, and what each has besides. */
function headersFor(options: SubgraphOptions) {
  const { gatewayKey, viewerToken = true, headers: added, forwardHeaders = [] } = options;
  const always: Readonly<Record<string, string>> = {
    'content-type': 'application/json',
    accept: 'application/json',
    ...added,
    ...(gatewayKey !== undefined && { [GATEWAY_KEY_HEADER]: shownSecret(gatewayKey) }),
  };
  const ofCall = ({ authorization, traceparent, clientAddress, forwarded }: SubgraphCall) => {
    const headers: Record<string, string> = {};
    if (viewerToken && authorization !== undefined) headers.authorization = authorization;
    if (traceparent !== undefined) headers.traceparent = traceparent;
    if (viewerToken && clientAddress !== undefined) headers[CLIENT_ADDRESS_HEADER] = clientAddress;
    if (forwarded)
      for (const name of forwardHeaders) if (forwarded[name] !== undefined) headers[name] = forwarded[name];
    return headers;
  };
  return { always, ofCall };
}

interface Asked extends Pick<SubgraphCall, 'tellLength'> {
  readonly path: string;
  readonly always: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly withinMs: number;
  readonly isItsFault: boolean;
}

/** Rejects when there was no answer in time. */
async function ask(replica: Replica, asked: Asked): Promise<SubgraphResult> {
  replica.running += 1;
  try {
    return await replica.circuit.run(
      async (answered) => {
        const text = await askOverOneConnection(replica, asked);
        const result = readResult(text);
        asked.tellLength?.(text.length);
        answered();
        return result;
      },
      { isItsFault: asked.isItsFault },
    );
  } finally {
    replica.running -= 1;
  }
}

/** Among others, where the service offers that; over HTTP otherwise. */
async function askOverOneConnection({ calls, pool }: Replica, asked: Asked): Promise<string> {
  const answerBy = performance.now() + asked.withinMs;
  if (calls?.offered) {
    try {
      return await calls.ask(asked.headers, asked.body, asked.withinMs);
    } catch (error) {
      if (!(error instanceof ManyCallsNotOffered)) throw error;
    }
  }
  return askOverHttp(pool, asked, answerBy - performance.now());
}

async function askOverHttp(pool: Pool, { path, always, headers, body }: Asked, withinMs: number): Promise<string> {
  // Not AbortSignal.timeout: that keeps every call in memory until its time is over, answered or not.
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), withinMs);
  try {
    const all = { ...always, ...headers };
    const response = await pool.request({ path, method: 'POST', headers: all, body, signal: giveUp.signal });
    return await response.body.text();
  } finally {
    clearTimeout(timer);
  }
}

function codeOf(error: unknown): string {
  if (isBrokenCircuitError(error)) return NOTHING_IS_ASKED;
  return String(((error instanceof SlowForOne ? error.cause : error) as { code?: unknown }).code);
}

/** Any status: a refusal (401 and so on) comes as GraphQL errors too. Throws when it is no answer of ours. */
function readResult(text: string): SubgraphResult {
  const result: unknown = JSON.parse(text);
  if (typeof result === 'object' && result !== null && ('data' in result || 'errors' in result)) {
    return result as SubgraphResult;
  }
  throw new Error('The service answered something else than a GraphQL result.');
}

/** In place of one that the supergraph in use has no more. */
export const goneSubgraph = (name: string): Pick<Subgraph, 'call'> => ({ call: async () => unavailable(name) });

function unavailable(name: string): SubgraphResult {
  const message = `The ${name} service does not answer now: try again in a moment.`;
  return { errors: [new GraphQLError(message, { extensions: { code: 'SERVICE_UNAVAILABLE' } })] };
}
