import type { FriendListChange } from '../api/list-change.ts';
import { FriendList, Hole, type SavedFriendList } from '../list/friend-list.ts';
import { backoffMs } from '../network/backoff.ts';
import { followNetwork, isKnownOffline } from '../network/follow-network.ts';
import type { Session } from '../session/session.ts';
import { openLine } from './line-to-gateway.ts';
import {
  BEGIN,
  type Transition,
  transition,
  type WatcherEffect,
  type WatcherEvent,
  type WatcherState,
} from './watcher-states.ts';

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

/** Nothing more to catch up with when nothing has come for so long after the subscription began. */
const QUIET_MS = 250;
/** Without word from the platform that the network is back. */
const LOOK_AGAIN_AFTER_MS = 15_000;

const SHOWN: Readonly<Record<WatcherState, LiveState>> = {
  offline: 'offline',
  pausing: 'offline',
  authenticating: 'offline',
  connecting: 'offline',
  'catching up': 'catching up',
  live: 'live',
  ended: 'offline',
};

/**
 * Keeps the list up to date until it is stopped: subscribes from the list's cursor, applies what comes, and begins
 * again from there after any break, with back-off and jitter. A hole in the revisions is a break too. Which state makes
 * what of which event is the table in watcher-states.ts; here it is done.
 */
export function watchFriendList(options: WatchOptions): Watching {
  const { session, onState, onChange } = options;
  const list = new FriendList(options.saved);
  let state: WatcherState = BEGIN.to;
  let failures = 0;
  /** Of the last answer that had one: no line is opened, and no token given back, before there is one. */
  let token = '';
  let line: { close(): void } | undefined;
  /** A change of this line has been applied. */
  let hasApplied = false;
  /** Whether cursor and revision are believed to belong together. */
  let isPlaceTrusted = true;
  /** Of the state: what is waited for ends with it. */
  let timer: ReturnType<typeof setTimeout> | undefined;

  function happen(event: WatcherEvent): void {
    const next = transition(state, event);
    if (next) enter(next);
  }

  function enter({ to, effects }: Transition): void {
    const before = state;
    state = to;
    if (before !== to) clearTimeout(timer);
    if (SHOWN[before] !== SHOWN[to]) onState(SHOWN[to]);
    for (const effect of effects) DO[effect]();
  }

  function wait(ms: number, event: WatcherEvent): void {
    clearTimeout(timer);
    timer = setTimeout(() => happen(event), ms);
  }

  async function askForToken(): Promise<void> {
    if (isKnownOffline()) return happen('network lost');
    const answer = await session.accessToken().catch(() => undefined);
    token = answer ?? '';
    happen(answer === null ? 'signed out' : answer === undefined ? 'no token' : 'token');
  }

  function take(change: FriendListChange): void {
    try {
      if (list.apply(change)) {
        hasApplied = true;
        onChange(list, change);
      }
    } catch (error) {
      if (!(error instanceof Hole)) throw error;
      // Right behind the cursor it would be there again and again: cursor and revision belong to different lists.
      isPlaceTrusted = hasApplied;
      happen('hole');
      return;
    }
    happen(change.__typename !== 'FriendListSnapshot' || change.complete ? 'whole' : 'part');
  }

  const DO: Readonly<Record<WatcherEffect, () => void>> = {
    'ask for a token': () => void askForToken(),
    'open the line': () => {
      const after = isPlaceTrusted ? list.cursor : null;
      isPlaceTrusted = true;
      hasApplied = false;
      line = openLine(
        { url: options.url, webSocket: options.webSocket, token, after },
        { connected: () => happen(after === null ? 'connected' : 'resumed'), change: take, ended: happen },
      );
    },
    'close the line': () => {
      line?.close();
      line = undefined;
      list.interrupted();
    },
    pause: () => wait(backoffMs(failures, options.random), 'waited'),
    'look at the network later': () => wait(LOOK_AGAIN_AFTER_MS, 'waited'),
    'wait for quiet': () => wait(QUIET_MS, 'quiet'),
    'give the token back': () => session.tokenRefused(token),
    'count a failure': () => {
      failures += 1;
    },
    'forget failures': () => {
      failures = 0;
    },
  };

  const stopFollowingNetwork = followNetwork({ lost: () => happen('network lost'), back: () => happen('wake') });
  onState('offline');
  enter(BEGIN);
  return {
    list,
    retryNow: () => happen('wake'),
    stop() {
      stopFollowingNetwork();
      happen('stop');
    },
  };
}
