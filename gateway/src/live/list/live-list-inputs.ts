import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { AnswersInHand } from './answers-in-hand.ts';
import type { ListDelta } from './changes-since.ts';
import type { WaitingLimits } from './waiting-changes.ts';

export interface LiveListInputs<Change> {
  /** Announcements from now on: in any order, doubled or lost. */
  listen(list: ListSubscriber<Change>): { stop(): void };
  /** Asks the store. Throws SubscriptionRefused when no retry will help; any other error is retried. */
  changesSince(cursor: string | null, signal: AbortSignal, reason: CatchUpReason): Promise<ListDelta<Change>>;
  /** Waits before the next try, after `failures` in a row, or until the signal aborts; never rejects. */
  pause(failures: number, signal: AbortSignal): Promise<void>;
  /** Of what is announced and waits for the reader. */
  readonly waitingLimits?: WaitingLimits | undefined;
  /** Of what the store has answered: shared by all lists of the process. */
  readonly answersInHand?: AnswersInHand | undefined;
  readonly observer?: {
    catchUp(reason: CatchUpReason): void;
    hole(): void;
    /** The reader is done with a change that was announced: it asks for the next. */
    delivered(change: Change): void;
  };
}

export interface ListSubscriber<Change> {
  /** Something was announced. `bytes` is what it took on the wire. */
  hear(change: Change, bytes: number): void;
  /** Announcements may have been missed: the store has to be asked before going on. */
  doubt(reason: CatchUpReason): void;
  /** The store has this revision: if it was not announced here, its announcement was lost. */
  ahead(revision: number): void;
}

export type CatchUpReason =
  | 'SUBSCRIBED'
  /** The answer had a next page. */
  | 'MORE'
  | 'HOLE'
  | 'BROKER_RECONNECTED'
  /** The store was restored from a backup: what its revisions count is not what they counted. */
  | 'NEW_TIMELINE'
  /** More was announced than is kept for a reader, or answered than the process keeps for all of them. */
  | 'OVERFLOW'
  /** Who may watch the list has changed, and it is not known how. */
  | 'RECHECKED'
  | 'STORE_FAILED'
  /** The store has less than was announced. */
  | 'STORE_BEHIND'
  /** The store has more than was announced. */
  | 'STORE_AHEAD';

/** The store will not answer this subscriber however often it is asked: the reader is given `cause`. */
export class SubscriptionRefused extends Error {
  override readonly cause: Error;
  constructor(cause: Error) {
    super(cause.message);
    this.cause = cause;
  }
}

/** What a reader is told who has had pages of a snapshot whose others are gone. */
export const comeBack = () =>
  graphqlErrorOf(new KithError('SERVICE_UNAVAILABLE', 'The snapshot cannot be continued: subscribe again.'));
