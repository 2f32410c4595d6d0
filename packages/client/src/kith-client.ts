import { createLiveFriendList, type LiveFriendList } from './live-friend-list.ts';
import { KithApiError, type Operation, sendOperation } from './network/send-operation.ts';
import { createSession, type Session } from './session/session.ts';
import { type KeyValueStore, memoryStore } from './storage/key-value-store.ts';

export interface KithClientOptions {
  /** The gateway's GraphQL endpoint: `https://api.example.com/graphql`. */
  readonly url: string;
  /** Keeps session, list and cursor between visits. Default: nothing is kept. */
  readonly store?: KeyValueStore;
  /** Where the platform has none of its own (Node before 22): the `WebSocket` of `ws`. */
  readonly webSocket?: unknown;
  readonly fetch?: typeof fetch;
}

export interface KithClient {
  readonly session: Session;
  readonly friends: LiveFriendList;
  /**
   * Any operation of the API, as the signed-in user; a token that ran out meanwhile is renewed once. Throws
   * KithApiError with the code the server answered, or Unreachable.
   */
  request<Data>(query: string, variables?: Readonly<Record<string, unknown>>): Promise<Data>;
  /** Ends the connection and every timer. */
  stop(): void;
}

/** A client of one gateway for one person: sessions, operations, and the live friend list. */
export function createKithClient(options: KithClientOptions): KithClient {
  const store = options.store ?? memoryStore();
  const endpoint = { url: options.url, fetch: options.fetch ?? globalThis.fetch.bind(globalThis) };
  const session = createSession({
    send: (operation, accessToken) => sendOperation(endpoint, operation, accessToken),
    store,
    now: Date.now,
  });

  async function send<Data>(operation: Operation): Promise<Data> {
    const token = await session.accessToken();
    try {
      return await sendOperation<Data>(endpoint, operation, token);
    } catch (error) {
      const refused = error instanceof KithApiError && error.code === 'UNAUTHENTICATED' && token !== null;
      if (!refused) throw error;
      session.tokenRefused(token);
      return sendOperation<Data>(endpoint, operation, await session.accessToken());
    }
  }

  const friends = createLiveFriendList({
    session,
    send,
    store,
    watch: {
      url: options.url.replace(/^http/, 'ws'),
      webSocket: options.webSocket,
      random: Math.random,
    },
  });
  return {
    session,
    friends,
    request: (query, variables) => send(variables ? { query, variables } : { query }),
    stop: () => friends.stop(),
  };
}
