import { CLIENT_ADDRESS_HEADER, GATEWAY_KEY_HEADER, type Logger } from '@kith/service-kit';
import type { ExecutionResult } from 'graphql';
import { GraphQLError } from 'graphql';
import { Pool } from 'undici';
import { breakCircuit } from './break-circuit.ts';

export interface SubgraphCall {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  readonly operationName?: string | undefined;
  readonly authorization?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly clientAddress?: string | undefined;
  /** ms since 1970: nobody waits for the answer any longer. */
  readonly answerBy?: number | undefined;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is the query's, which only the caller knows.
export type SubgraphResult = ExecutionResult<any>;

export interface Subgraph {
  /** Always a GraphQL result: a service that does not answer in time is the error SERVICE_UNAVAILABLE. */
  call(call: SubgraphCall): Promise<SubgraphResult>;
  /** Whether the service says that it can do its work. */
  ready(): Promise<boolean>;
  stop(): Promise<void>;
}

export interface SubgraphOptions {
  /** As a client may see it: "friend". */
  readonly name: string;
  /** Base URL; GraphQL is at /graphql. */
  readonly url: string;
  readonly gatewayKey: string;
  readonly log: Logger;
  readonly answerWithinMs?: number;
  readonly maxConnections?: number;
}

const READY_WITHIN_MS = 1_000;

/** A connection pool to one service, behind its circuit breaker; every call has a deadline. */
export function connectSubgraph(options: SubgraphOptions): Subgraph {
  const { name, url, gatewayKey, log, answerWithinMs = 2_500, maxConnections = 64 } = options;
  const pool = new Pool(url, { connections: maxConnections, pipelining: 1, connect: { timeout: 1_000 } });
  const circuit = breakCircuit(name, log);

  async function call(call: SubgraphCall): Promise<SubgraphResult> {
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      accept: 'application/json',
      [GATEWAY_KEY_HEADER]: gatewayKey,
    };
    if (call.authorization !== undefined) headers.authorization = call.authorization;
    if (call.traceparent !== undefined) headers.traceparent = call.traceparent;
    if (call.clientAddress !== undefined) headers[CLIENT_ADDRESS_HEADER] = call.clientAddress;
    const body = JSON.stringify({
      query: call.query,
      variables: call.variables,
      operationName: call.operationName,
    });
    const leftMs = Math.floor((call.answerBy ?? Number.POSITIVE_INFINITY) - Date.now());
    if (leftMs <= 0) return unavailable(name);
    // Not AbortSignal.timeout: that keeps every call in memory until its time is over, answered or not.
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), Math.min(answerWithinMs, leftMs));
    const { signal } = giveUp;
    const ask = async (answered: () => void) => {
      const response = await pool.request({ path: '/graphql', method: 'POST', headers, body, signal });
      const result = readResult(await response.body.text());
      answered();
      return result;
    };
    try {
      return await circuit.run((answered) => ask(answered).catch(leftMs < answerWithinMs ? notItsFault : rethrow));
    } catch {
      return unavailable(name);
    } finally {
      clearTimeout(timer);
    }
  }

  /** It had less than its time: others had used that up. */
  const notItsFault = () => unavailable(name);

  async function ready(): Promise<boolean> {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    try {
      const { statusCode, body } = await pool.request({ path: '/ready', method: 'GET', signal });
      await body.dump();
      return statusCode === 200;
    } catch {
      return false;
    }
  }

  return { call, ready, stop: () => pool.close() };
}

function rethrow(error: unknown): never {
  throw error;
}

/** Any status: a refusal (401 and so on) comes as GraphQL errors too. Throws when it is no answer of ours. */
function readResult(text: string): SubgraphResult {
  const result: unknown = JSON.parse(text);
  if (typeof result === 'object' && result !== null && ('data' in result || 'errors' in result)) {
    return result as SubgraphResult;
  }
  throw new Error('The service answered something else than a GraphQL result.');
}

function unavailable(name: string): SubgraphResult {
  const message = `The ${name} service does not answer now: try again in a moment.`;
  return { errors: [new GraphQLError(message, { extensions: { code: 'SERVICE_UNAVAILABLE' } })] };
}
