import type { Logger } from '@kith/service-kit';
import type { Plugin } from 'graphql-yoga';
import { answerRefusalsByStatus } from '../limits/answer-refusals-by-status.ts';
import { limitOperations } from '../limits/limit-operations.ts';
import { queryLimitsOf } from '../limits/query-limits.ts';
import { readTrustedDocuments, type TrustedDocuments } from '../limits/trusted-documents.ts';
import { type ClientAddressOf, readClientAddresses } from '../request/client-address.ts';
import type { GatewayContext } from '../request/gateway-context.ts';
import { type AllowedOrigins, readAllowedOrigins } from './allow-origins.ts';
import { countPerKey, type PlacesPerKey } from './count-sockets.ts';
import type { EdgeConfig } from './edge-config.ts';
import { dearBulkheads } from './run-dear-operations.ts';
import { runWithinBounds } from './run-within-bounds.ts';
import { shedLoad } from './shed-load.ts';

/** Everything that decides whether something from outside gets in; HTTP, server-sent events and WebSocket ask the same. */
export interface Edge {
  readonly clientAddressOf: ClientAddressOf;
  readonly origins: AllowedOrigins;
  /** Whether nothing new can be done in time: asked before anything is spent on it. */
  isBusy(): boolean;
  readonly trustedDocuments: TrustedDocuments;
  /** Sockets and event streams. */
  readonly openPerUser: PlacesPerKey;
  readonly openPerAddress: PlacesPerKey;
  readonly operationsPerSocket: number;
  readonly plugins: readonly Plugin<GatewayContext>[];
  stop(): void;
}

/** Throws ConfigError with the variable's name when one of them cannot be used. */
export async function guardEdge(
  config: EdgeConfig,
  {
    webFolder,
    introspection,
    suggestions,
    loopbackPages,
    log,
  }: {
    /** Of the web client, where it is served. */
    webFolder: string | undefined;
    /** Whether clients may ask for the schema, and are told what they may have meant. */
    introspection: boolean;
    suggestions: boolean;
    /** Whether pages of any port of loopback may use it, as a development server's does. */
    loopbackPages: boolean;
    log: Logger;
  },
): Promise<Edge> {
  const { clientAddressOf, isFromTrustedProxy } = readClientAddresses(config.TRUSTED_PROXIES);
  const origins = readAllowedOrigins(config.ALLOWED_ORIGINS, { isFromTrustedProxy, loopback: loopbackPages, log });
  const trustedDocuments = await readTrustedDocuments(config.TRUSTED_DOCUMENTS, {
    file: config.TRUSTED_DOCUMENTS_FILE,
    webFolder,
  });
  const loadLimits = {
    running: config.OPERATIONS_AT_ONCE,
    fewest: config.OPERATIONS_AT_ONCE_AT_LEAST,
    waiting: config.OPERATIONS_WAITING,
    waitAtMostMs: config.OPERATION_WAITS_AT_MOST_MS,
    loopDelayMs: config.LOOP_DELAY_AT_MOST_MS,
  };
  const queries = shedLoad(loadLimits, 'query');
  const mutations = shedLoad(loadLimits, 'mutation');
  const dear = dearBulkheads({
    atOnce: config.DEAR_OPERATIONS_AT_ONCE,
    perPerson: config.DEAR_OPERATIONS_PER_PERSON,
    waitAtMostMs: config.OPERATION_WAITS_AT_MOST_MS,
  });
  return {
    clientAddressOf,
    origins,
    isBusy: queries.isBusy,
    trustedDocuments,
    openPerUser: countPerKey(config.SOCKETS_PER_USER),
    openPerAddress: countPerKey(config.SOCKETS_PER_ADDRESS),
    operationsPerSocket: config.OPERATIONS_PER_SOCKET,
    plugins: [
      ...trustedDocuments.plugins,
      ...limitOperations({
        limits: queryLimitsOf(config),
        introspection,
        suggestions,
      }),
      runWithinBounds({ queries, mutations, dear, timeoutMs: config.OPERATION_TIMEOUT_MS }),
      answerRefusalsByStatus,
    ] as Plugin<GatewayContext>[],
    stop() {
      queries.stop();
      mutations.stop();
      dear.stop();
    },
  };
}
