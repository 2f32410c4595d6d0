import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import type { AnsweredError } from '../people/ask-gateway.ts';
import { FRIEND_LIST } from './friend-list-as-seen.ts';
import type { ListToWatch } from './list-as-seen.ts';

/** How a subscription came to its end. */
export type Ending =
  | { readonly how: 'closed'; readonly code: number; readonly reason: string }
  | { readonly how: 'refused'; readonly errors: readonly AnsweredError[] }
  | { readonly how: 'lost'; readonly message: string }
  | { readonly how: 'completed' };

/** One subscription on a connection of its own, which never reconnects by itself. */
export interface Subscription {
  readonly ended: Promise<Ending>;
  stop(): void;
  /** Cuts the connection, as a network does: nobody is told. */
  cut(): void;
  /** Reads nothing more until `readOn`. */
  stall(): void;
  readOn(): void;
}

export interface SubscriptionOptions {
  readonly gatewayUrl: string;
  readonly token: string | undefined;
  readonly after: string | null;
  /** A friend list unless told. */
  readonly watched?: Pick<ListToWatch, 'query' | 'variables'>;
  /** What it is given is the list's own. */
  readonly onChange: (change: never) => void;
}

export function subscribeOverWebSocket(options: SubscriptionOptions): Subscription {
  const { gatewayUrl, token, after, onChange, watched = FRIEND_LIST } = options;
  const { promise: ended, resolve: end } = Promise.withResolvers<Ending>();
  let socket: WebSocket | undefined;
  const client = createClient({
    url: `${gatewayUrl.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    ...(token !== undefined && { connectionParams: { authorization: `Bearer ${token}` } }),
    retryAttempts: 0,
    connectionAckWaitTimeout: 10_000,
    onNonLazyError: () => undefined,
    on: {
      opened: (opened) => {
        socket = opened as WebSocket;
      },
    },
  });
  const unsubscribe = client.subscribe<Record<string, never>>(
    { query: watched.query, variables: { ...watched.variables, after } },
    {
      next({ data, errors }) {
        if (errors) end({ how: 'refused', errors: errors as AnsweredError[] });
        else if (data) onChange(Object.values(data)[0]!);
      },
      error: (error) => end(endingOf(error)),
      complete: () => end({ how: 'completed' }),
    },
  );
  return {
    ended,
    stop() {
      unsubscribe();
      // Fails where the connection could not be made, which `ended` has told already.
      Promise.resolve(client.dispose()).catch(() => undefined);
    },
    cut: () => socket?.terminate(),
    stall: () => socket?.pause(),
    readOn: () => socket?.resume(),
  };
}

function endingOf(error: unknown): Ending {
  if (Array.isArray(error)) return { how: 'refused', errors: error as AnsweredError[] };
  if (typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'number') {
    return { how: 'closed', code: error.code, reason: 'reason' in error ? String(error.reason) : '' };
  }
  return { how: 'lost', message: error instanceof Error ? error.message : String(error) };
}
