import { createClient } from 'graphql-ws';
import type { FriendListChange } from '../api/list-change.ts';
import { WATCH_FRIEND_LIST } from '../api/operations.ts';

/** A gateway that does not accept the connection, or answer a ping, within this time is gone, whatever TCP says. */
const ANSWERS_WITHIN_MS = 10_000;
const PING_EVERY_MS = 10_000;
/** The protocol's codes for "not you, or not any more": a fresh token may help. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const REFUSED = new Set([4400, 4401, 4403]);

export interface LineOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly webSocket?: unknown;
  readonly token: string;
  /** Where to resume; null for a snapshot. */
  readonly after: string | null;
}

export interface LineListener {
  connected(): void;
  change(change: FriendListChange): void;
  /** Once, and nothing after it. */
  ended(how: 'broken' | 'refused'): void;
}

/** One subscription over a connection of its own, until it breaks or is closed. Nothing comes after `close()`. */
export function openLine({ url, webSocket, token, after }: LineOptions, listener: LineListener): { close(): void } {
  let open = true;
  const client = createClient({
    url,
    connectionParams: { authorization: `Bearer ${token}` },
    // Each return has its own cursor, so the coming back is done out there.
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    ...(webSocket ? { webSocketImpl: webSocket } : {}),
  });
  // From each ping on, and not from the last message: a page in the background pings once a minute.
  let silence: ReturnType<typeof setTimeout> | undefined;
  const mustAnswer = () => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      client.terminate();
      end('broken');
    }, ANSWERS_WITHIN_MS);
  };
  mustAnswer();
  client.on('message', () => clearTimeout(silence));
  client.on('ping', (received) => {
    if (!received) mustAnswer();
  });
  client.on('connected', () => {
    if (open) listener.connected();
  });

  function close(): void {
    open = false;
    clearTimeout(silence);
    void client.dispose();
  }
  function end(how: 'broken' | 'refused'): void {
    if (!open) return;
    close();
    listener.ended(how);
  }

  client.subscribe<{ friendListChanged: FriendListChange }>(
    { query: WATCH_FRIEND_LIST, variables: { after } },
    {
      next({ data }) {
        if (!open) return;
        // A change that could not be answered is not skipped: it is asked for again, from the last cursor.
        if (data?.friendListChanged) listener.change(data.friendListChanged);
        else end('broken');
      },
      error: (error) => end(isRefusal(error) ? 'refused' : 'broken'),
      complete: () => end('broken'),
    },
  );
  return { close };
}

function isRefusal(error: unknown): boolean {
  if (Array.isArray(error)) return error.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  return REFUSED.has((error as { code?: number } | null)?.code ?? 0);
}
