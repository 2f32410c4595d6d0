import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';

export interface SeenChange {
  readonly __typename: string;
  readonly revision: number;
  readonly cursor: string;
  readonly reason?: string;
  readonly complete?: boolean;
  readonly friend?: { readonly remark: string; readonly user: Record<string, unknown> };
}

export const WATCH = /* GraphQL */ `
  subscription Watch($after: String) {
    friendListChanged(after: $after) {
      __typename revision cursor
      ... on FriendListSnapshot { reason complete }
      ... on FriendChanged { friend { remark user { id nickname } } }
    }
  }
`;

/** A client on one socket of its own, which notes all that it is sent. Never reconnects. */
export function connectLiveClient(graphqlUrl: string, connectionParams: Record<string, unknown> = {}) {
  const closes: { code: number; reason: string }[] = [];
  const client = createClient({
    url: graphqlUrl.replace('http', 'ws'),
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    onNonLazyError: () => undefined,
    on: { closed: (event) => closes.push(event as { code: number; reason: string }) },
  });
  return {
    client,
    closes,
    watch(options: { after?: string; query?: string; headers?: Record<string, string> } = {}) {
      const changes: SeenChange[] = [];
      const errors: { message: string; extensions?: { code?: string } }[] = [];
      let ended = false;
      const stop = client.subscribe<{ friendListChanged: SeenChange }>(
        {
          query: options.query ?? WATCH,
          variables: { after: options.after ?? null },
          ...(options.headers ? { extensions: { headers: options.headers } } : {}),
        },
        {
          next({ data, errors: failed }) {
            if (data) changes.push(data.friendListChanged);
            errors.push(...((failed ?? []) as typeof errors));
          },
          error(error) {
            if (Array.isArray(error)) errors.push(...error);
            ended = true;
          },
          complete() {
            ended = true;
          },
        },
      );
      return {
        changes,
        errors,
        stop,
        get ended() {
          return ended;
        },
        get revisions() {
          return changes.map(({ revision }) => revision);
        },
      };
    },
    stop: () => client.dispose(),
  };
}
