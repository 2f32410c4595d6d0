import type { SubscriptionSettings } from '@kith/supergraph';
import {
  refusedWith,
  type Stream,
  type StreamListener,
  type StreamRequest,
  speaksSomethingElse,
} from './stream-ends.ts';
import { streamOverSse } from './stream-over-sse.ts';
import { streamOverWebSocket } from './stream-over-websocket.ts';

/** Where a stream is opened. */
export interface StreamAddress {
  readonly url: string;
  /** The host that it shows its certificate for, where that is not in the URL. */
  readonly servername?: string | undefined;
}

/** Opens one subscription at a service; it ends, or throws StreamLost or StreamRefused. */
export type OpenStream = (asked: Pick<StreamRequest, 'headers' | 'operation'>, listener: StreamListener) => Stream;

/**
 * A bulkhead around the subscriptions of one service: each has a connection of its own, by the protocol that the service
 * speaks, and there are `atMost` of them.
 */
export function offerStreams(options: {
  readonly name: string;
  /** Without them the service takes none. */
  readonly subscriptions: SubscriptionSettings | undefined;
  /** Where it answers queries. */
  readonly path: string;
  /** One of its processes, for one more stream. */
  readonly address: () => StreamAddress;
}): OpenStream {
  const { name, subscriptions, address } = options;
  if (!subscriptions) return () => notOffered(name);
  const { protocol, urls, path = options.path, atMost } = subscriptions;
  const openOne = protocol === 'graphql-sse' ? streamOverSse : streamOverWebSocket;
  let open = 0;
  let turn = 0;
  return async function* (asked, listener) {
    if (open >= atMost) {
      throw refusedWith('RATE_LIMITED', `The ${name} service has all the subscriptions that it may have.`, {
        ...{ limit: atMost, retryAfterMs: 5_000 },
      });
    }
    open += 1;
    turn += 1;
    try {
      const at = urls ? { url: urls[turn % urls.length] as string } : address();
      return yield* openOne({ ...asked, ...at, name, path }, listener);
    } finally {
      open -= 1;
    }
  };
}

// biome-ignore lint/correctness/useYield: it has nothing to give but the reason.
async function* notOffered(name: string): Stream {
  throw speaksSomethingElse(name);
}
