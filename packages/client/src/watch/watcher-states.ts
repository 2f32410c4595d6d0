/**
 * The state machine of whoever watches a list, as a table: each state says what each event makes of it, and the compiler
 * holds it complete. Pure: what is to be done is named, and done in watch-friend-list.ts.
 */
export type WatcherState =
  /** The platform says that there is no network. */
  | 'offline'
  /** Back-off: the last try failed. */
  | 'pausing'
  /** A token that is good for some time is asked for. */
  | 'authenticating'
  /** The line is being opened, and the list subscribed to from its cursor. */
  | 'connecting'
  /** What happened since the cursor is coming. */
  | 'catching up'
  /** Every change arrives as it happens. */
  | 'live'
  /** Stopped, or nobody is signed in. */
  | 'ended';

export type WatcherEvent =
  /** The network is back, or somebody looks again: skips what is waited for. */
  | 'wake'
  | 'network lost'
  /** What was waited for is over: a pause, or the look at the network. */
  | 'waited'
  | 'token'
  /** The session could not be reached. */
  | 'no token'
  | 'signed out'
  /** The line is there, and a snapshot has to come. */
  | 'connected'
  /** The line is there, and the list has a cursor: silence means that nothing was missed. */
  | 'resumed'
  /** A page of a snapshot that is not the last. */
  | 'part'
  /** A change, or a snapshot's last page: the list is whole. */
  | 'whole'
  /** Nothing has come for a moment. */
  | 'quiet'
  /** A revision is missing between what the list has and what came. */
  | 'hole'
  /** The line has ended, or says nothing any more. */
  | 'broken'
  /** The gateway does not take the token. */
  | 'refused'
  | 'stop';

export type WatcherEffect =
  | 'ask for a token'
  | 'open the line'
  | 'close the line'
  /** With back-off and jitter, by how many tries in a row have failed. */
  | 'pause'
  /** Without word from the platform that the network is back, it is looked at now and then. */
  | 'look at the network later'
  /** Begins anew with each word that comes. */
  | 'wait for quiet'
  | 'give the token back'
  | 'count a failure'
  | 'forget failures';

export interface Transition {
  readonly to: WatcherState;
  readonly effects: readonly WatcherEffect[];
}

const to = (state: WatcherState, ...effects: WatcherEffect[]): Transition => ({ to: state, effects });

/** The event has lost its meaning on the way: a late answer, a timer that was under way. */
const ignored = null;

const TRY: Transition = to('authenticating', 'ask for a token');
const FAIL: Transition = to('pausing', 'count a failure', 'pause');
const BREAK: Transition = to('pausing', 'close the line', 'count a failure', 'pause');
const REFUSE: Transition = to('pausing', 'close the line', 'give the token back', 'count a failure', 'pause');
const LOSE: Transition = to('offline', 'look at the network later');
const HANG_UP: Transition = to('offline', 'close the line', 'look at the network later');
/** No pause: the gateway is well, and the cursor knows where to go on. */
const RESUME: Transition = to('authenticating', 'close the line', 'ask for a token');
const END: Transition = to('ended');
const END_LINE: Transition = to('ended', 'close the line');
const TAKE: Transition = to('catching up', 'forget failures');
const TAKE_WHOLE: Transition = to('catching up', 'forget failures', 'wait for quiet');

type Row = Readonly<Record<WatcherEvent, Transition | typeof ignored>>;

const WHILE_WAITING: Row = {
  wake: TRY,
  'network lost': LOSE,
  waited: TRY,
  token: ignored,
  'no token': ignored,
  'signed out': END,
  connected: ignored,
  resumed: ignored,
  part: ignored,
  whole: ignored,
  quiet: ignored,
  hole: ignored,
  broken: ignored,
  refused: ignored,
  stop: END,
};

const ON_THE_LINE: Row = {
  wake: ignored,
  'network lost': HANG_UP,
  waited: ignored,
  token: ignored,
  'no token': ignored,
  'signed out': END_LINE,
  connected: to('catching up'),
  resumed: to('catching up', 'wait for quiet'),
  part: TAKE,
  whole: TAKE_WHOLE,
  quiet: to('live'),
  hole: RESUME,
  broken: BREAK,
  refused: REFUSE,
  stop: END_LINE,
};

const TABLE: Readonly<Record<WatcherState, Row>> = {
  offline: { ...WHILE_WAITING, 'network lost': ignored },
  pausing: WHILE_WAITING,
  authenticating: {
    ...WHILE_WAITING,
    wake: ignored,
    waited: ignored,
    token: to('connecting', 'open the line'),
    'no token': FAIL,
  },
  connecting: { ...ON_THE_LINE, quiet: ignored },
  'catching up': ON_THE_LINE,
  live: {
    ...ON_THE_LINE,
    connected: ignored,
    resumed: ignored,
    // A gateway may send a snapshot at any time, in pages; between two changes there is nothing to wait for.
    part: TAKE,
    whole: to('live', 'forget failures'),
    quiet: ignored,
  },
  ended: {
    wake: ignored,
    'network lost': ignored,
    waited: ignored,
    token: ignored,
    'no token': ignored,
    'signed out': ignored,
    connected: ignored,
    resumed: ignored,
    part: ignored,
    whole: ignored,
    quiet: ignored,
    hole: ignored,
    broken: ignored,
    refused: ignored,
    stop: ignored,
  },
};

/** What an event makes of a state; null when it says nothing there. */
export function transition(state: WatcherState, event: WatcherEvent): Transition | null {
  return TABLE[state][event];
}

/** How a watcher begins. */
export const BEGIN: Transition = TRY;
