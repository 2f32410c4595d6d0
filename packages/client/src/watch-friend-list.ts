import { createClient } from 'graphql-ws';
import { backoffMs } from './backoff.ts';
import { followNetwork, isKnownOffline } from './follow-network.ts';
import { FriendList, Hole, type SavedFriendList } from './friend-list.ts';
import type { FriendListChange } from './list-change.ts';
import { WATCH_FRIEND_LIST } from './operations.ts';
import type { Session } from './session.ts';

/** `live`: every change arrives as it happens. `catching up`: connected, and reading what was missed. */
export type LiveState = 'live' | 'catching up' | 'offline';

export interface WatchOptions {
  /** `ws://` or `wss://`. */
  readonly url: string;
  readonly session: Session;
  readonly webSocket?: unknown;
  readonly saved?: SavedFriendList | undefined;
  readonly random: () => number;
  readonly onState: (state: LiveState) => void;
  /** The list has changed, through this change. */
  readonly onChange: (list: FriendList, change: FriendListChange) => void;
}

export interface Watching {
  readonly list: FriendList;
  /** Skips the back-off: the network is back, or the page is looked at again. */
  retryNow(): void;
  stop(): void;
}

/** Whoever does not take the connection, or does not answer a ping, in so long is not there any more, whatever TCP says. */
const ANSWERS_WITHIN_MS = 10_000;
const PING_EVERY_MS = 10_000;
/** Nothing more to catch up with when nothing has come for so long after the subscription began. */
const QUIET_MS = 250;
/** The protocol's codes for "not you, or not any more": a fresh token may help. https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const REFUSED = new Set([4400, 4401, 4403]);

/** Without word from the platform that the network is back. */
const LOOK_AGAIN_AFTER_MS = 15_000;

/**
 * Keeps the list up to date until it is stopped: subscribes from the list's cursor, applies what comes, and begins
 * again from there after any break, with back-off and jitter. A hole in the revisions is a break too.
 */
export function watchFriendList(options: WatchOptions): Watching {
  const list = new FriendList(options.saved);
  const stopped = new AbortController();
  let wake: (() => void) | undefined;
  let cut: (() => void) | undefined;
  const stopFollowingNetwork = followNetwork({ lost: () => cut?.(), back: () => wake?.() });

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(): Promise<void> {
    let failures = 0;
    let isPlaceTrusted = true;
    while (!stopped.signal.aborted) {
      options.onState('offline');
      if (isKnownOffline()) {
        await pause(LOOK_AGAIN_AFTER_MS);
        continue;
      }
      const token = await options.session.accessToken().catch(() => undefined);
      if (token === null) return;
      if (token && !stopped.signal.aborted) {
        const line = new AbortController();
        cut = () => line.abort();
        const after = isPlaceTrusted ? list.cursor : null;
        const ended = AbortSignal.any([stopped.signal, line.signal]);
        const outcome = await subscribeOnce(options, list, { token, after }, ended);
        cut = undefined;
        // A hole right behind the cursor would be there again and again: cursor and revision belong to different lists.
        isPlaceTrusted = !outcome.hole || outcome.applied;
        if (outcome.heard) failures = 0;
        if (outcome.hole) continue;
        if (outcome.refused) options.session.tokenRefused(token);
      }
      failures += 1;
      if (!stopped.signal.aborted) await pause(backoffMs(failures, options.random));
    }
  }

  void run();
  return {
    list,
    retryNow: () => wake?.(),
    stop() {
      stopFollowingNetwork();
      stopped.abort();
      wake?.();
    },
  };
}

interface Outcome {
  /** At least one change came. */
  readonly heard: boolean;
  /** At least one of them changed the list. */
  readonly applied: boolean;
  readonly hole: boolean;
  readonly refused: boolean;
}

/** One subscription, from a cursor (null: from a snapshot) until it breaks; resolves to how it went, never rejects. */
function subscribeOnce(
  { url, webSocket, onState, onChange }: WatchOptions,
  list: FriendList,
  { token, after }: { readonly token: string; readonly after: string | null },
  stopped: AbortSignal,
): Promise<Outcome> {
  return new Promise((resolve) => {
    let heard = false;
    let applied = false;
    let hole = false;
    let quiet: ReturnType<typeof setTimeout> | undefined;
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
        end(false);
      }, ANSWERS_WITHIN_MS);
    };
    mustAnswer();
    client.on('message', () => clearTimeout(silence));
    client.on('ping', (received) => {
      if (!received) mustAnswer();
    });
    const isLiveWhenQuiet = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => onState('live'), QUIET_MS);
    };
    client.on('connected', () => {
      onState('catching up');
      // Without a cursor the snapshot's last page says when it is whole.
      if (after !== null) isLiveWhenQuiet();
    });

    function end(refused: boolean): void {
      clearTimeout(quiet);
      clearTimeout(silence);
      stopped.removeEventListener('abort', cut);
      list.interrupted();
      void client.dispose();
      resolve({ heard, applied, hole, refused });
    }
    const cut = () => end(false);
    stopped.addEventListener('abort', cut);

    client.subscribe<{ friendListChanged: FriendListChange }>(
      { query: WATCH_FRIEND_LIST, variables: { after } },
      {
        next(result) {
          if (hole) return;
          const change = result.data?.friendListChanged;
          // A change that could not be answered is not skipped: it is asked for again, from the last cursor.
          if (!change) return end(false);
          heard = true;
          try {
            if (list.apply(change)) {
              applied = true;
              onChange(list, change);
            }
          } catch (error) {
            if (!(error instanceof Hole)) throw error;
            hole = true;
            end(false);
            return;
          }
          const isWhole = change.__typename !== 'FriendListSnapshot' || change.complete;
          if (isWhole) isLiveWhenQuiet();
        },
        error: (error) => end(isRefusal(error)),
        complete: () => end(false),
      },
    );
  });
}

function isRefusal(error: unknown): boolean {
  if (Array.isArray(error)) return error.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED');
  return REFUSED.has((error as { code?: number } | null)?.code ?? 0);
}
