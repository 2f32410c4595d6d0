import type { FriendList } from '../list/friend-list.ts';
import { backoffMs } from '../network/backoff.ts';
import { followNetwork, isKnownOffline } from '../network/follow-network.ts';
import type { Session } from '../session/session.ts';
import { type FillOptions, fillListOverLines } from './fill-list-over-lines.ts';
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

export interface WatchOptions extends FillOptions {
  readonly session: Session;
  readonly random: () => number;
  readonly onState: (state: LiveState) => void;
}

export interface Watching {
  readonly list: FriendList;
  /** Skips the back-off: the network is back, or the page is looked at again. */
  retryNow(): void;
  stop(): void;
}

/** It has caught up when nothing has come for this long after the subscription began. */
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
  const { session, onState } = options;
  let state: WatcherState = BEGIN.to;
  let failures = 0;
  /** Of the last answer that had one: no line is opened, and no token given back, before there is one. */
  let token = '';
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

  const lines = fillListOverLines(options, happen);
  const DO: Readonly<Record<WatcherEffect, () => void>> = {
    'ask for a token': () => void askForToken(),
    'open the line': () => lines.open(token),
    'close the line': lines.close,
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
    list: lines.list,
    retryNow: () => happen('wake'),
    stop() {
      stopFollowingNetwork();
      happen('stop');
    },
  };
}
