/**
 * The state machine of one subscriber's live list, as a table: what each event makes of each state. Pure; what is done
 * on the way is in live-list.ts. Changes that the store has answered may wait for the reader in any state but the last.
 */
export type LiveListState =
  /** The next announced revision is handed over as it is. */
  | 'live'
  /** Something may have been missed; the store is asked as soon as the reader has taken what is there. */
  | 'behind'
  /** The store is being asked. What is announced meanwhile is kept: its answer may be from before. */
  | 'asking'
  /** The same, and something may have been missed since: whatever it answers, it is asked again. */
  | 'asking in doubt'
  | 'ended';

export type LiveListEvent =
  /** A hole, an overflow, a lost connection, an answer that has a next page or is no answer. */
  | 'doubted'
  /** The reader has taken all that there is. */
  | 'read'
  /** The answer is taken in, or the pause after a failure is over. */
  | 'settled'
  | 'ended';

/** null: the event changes nothing there. */
type Row = Readonly<Record<LiveListEvent, LiveListState | null>>;

const TABLE: Readonly<Record<LiveListState, Row>> = {
  live: { doubted: 'behind', read: null, settled: null, ended: 'ended' },
  behind: { doubted: null, read: 'asking', settled: null, ended: 'ended' },
  asking: { doubted: 'asking in doubt', read: null, settled: 'live', ended: 'ended' },
  'asking in doubt': { doubted: null, read: null, settled: 'behind', ended: 'ended' },
  ended: { doubted: null, read: null, settled: null, ended: null },
};

/** Whether what is announced is kept for the reader. Where it is not, the store will be asked, and has it by then. */
const KEEPS_ANNOUNCED: Readonly<Record<LiveListState, boolean>> = {
  live: true,
  behind: false,
  asking: true,
  'asking in doubt': false,
  ended: false,
};

export function after(state: LiveListState, event: LiveListEvent): LiveListState | null {
  return TABLE[state][event];
}

export function keepsAnnounced(state: LiveListState): boolean {
  return KEEPS_ANNOUNCED[state];
}
