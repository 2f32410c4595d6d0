// Longer than other files: one subscriber's loop, which is read in one piece beside its table of states.
import { invariant } from '@kith/service-kit';
import { AnsweredChanges } from './answered-changes.ts';
import { type NewChanges, newChangesOf, type Position, type Unfinished } from './changes-since.ts';
import type { ListChange } from './list-change.ts';
import {
  type CatchUpReason,
  comeBack,
  type ListSubscriber,
  type LiveListInputs,
  SubscriptionRefused,
} from './live-list-inputs.ts';
import { keepsAnnounced, type LiveListEvent, type LiveListState, after as stateAfter } from './live-list-states.ts';
import { WaitingChanges } from './waiting-changes.ts';

/**
 * One subscriber's live list: every change once, in the order of its revisions, or a fresh snapshot.
 *
 *   listen ─▶ catch up ─▶ live: the next announcement is the next revision ─▶ hand it over
 *                ▲                │
 *                └────────────────┴─ hole · broker reconnected · overflow · store failed, behind or ahead
 *
 * Which state makes what of which event is the table in live-list-states.ts.
 *
 * Three observations keep the loop small:
 *  1. An announcement follows its commit. What was announced before the store is ASKED is covered by its answer and
 *     needs no buffer; what is announced while it answers is buffered.
 *  2. Only "the last revision handed over, plus one" is ever handed over. So throwing the buffer away is always safe:
 *     the next revision to arrive shows the hole.
 *  3. A last change has no next one that could show it is missing. `ahead()` does, from a poll of the store.
 *
 * The reader takes: a subscriber that does not read costs its bounded buffer, and no work at all. There is one reader,
 * who either calls `take()` whenever `onReady` says so, at no cost but the change's own, or iterates.
 */
export class LiveList<Change extends ListChange>
  implements AsyncIterableIterator<Change, undefined>, ListSubscriber<Change>
{
  /** Called when `take()` may have something, and at the end; may be called for nothing, and from within `take()`. */
  onReady: () => void = () => undefined;
  readonly #inputs: LiveListInputs<Change>;
  readonly #listening: { stop(): void };
  #state: LiveListState = 'behind';
  /** Why the store has to be asked: the first reason since it was asked last. */
  #reason: CatchUpReason = 'SUBSCRIBED';
  #endedWith: Error | undefined;
  #position: Position;
  /** The question that the store is asked, and the pause after it. */
  #asking: AbortController | undefined;
  /** What the reader has not taken yet of the last answer. */
  readonly #answered: AnsweredChanges<Change>;
  /** The snapshot that the last answer had a part of, and not the last. */
  #unfinished: Unfinished | undefined;
  /** The reader has taken a page of a snapshot, and not its last. */
  #isInSnapshot = false;
  readonly #announced: WaitingChanges<Change>;
  /** The highest revision that anybody said exists. */
  #highestKnown = 0;
  #inDelivery: Change | undefined;
  #failures = 0;
  #staleAnswers = 0;

  /** `after`: the cursor of the last change the reader has; null asks for a snapshot. */
  constructor(after: string | null, inputs: LiveListInputs<Change>) {
    this.#inputs = inputs;
    this.#answered = new AnsweredChanges(inputs.answersInHand, this.#answerDropped);
    this.#announced = new WaitingChanges(undefined, inputs.waitingLimits);
    this.#position = { cursor: after, revision: null };
    this.#listening = inputs.listen(this);
  }

  /** How many announced changes wait for the reader. */
  get queued(): number {
    return this.#announced.size;
  }

  /** Whether nothing has to be asked of the store before the next announced change can be handed over. */
  get live(): boolean {
    return this.#state === 'live';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  hear(change: Change, bytes: number): void {
    this.#highestKnown = Math.max(this.#highestKnown, change.revision);
    if (!keepsAnnounced(this.#state) || change.revision <= (this.#position.revision ?? 0)) return;
    if (this.#announced.add(change, bytes)) this.onReady();
    else this.doubt('OVERFLOW');
  }

  doubt(reason: CatchUpReason): void {
    if (this.#happen('doubted')) this.#reason = reason;
    this.#announced.clear();
    this.onReady();
  }

  ahead(revision: number): void {
    // Before the first answer the reader's place is not known; the answer will tell.
    if (this.#position.revision === null || revision <= this.#highestKnown) return;
    this.#highestKnown = revision;
    this.doubt('STORE_AHEAD');
  }

  /** The next change, if it is there: the reader is done with the one before. */
  take(): Change | undefined {
    if (this.#inDelivery) this.#inputs.observer?.delivered(this.#inDelivery);
    this.#inDelivery = undefined;
    if (this.ended) return undefined;
    const change = this.#answered.shift() ?? this.#nextAnnounced();
    if (change) return this.#handOver(change);
    if (this.#happen('read')) void this.#catchUp(this.#reason);
    return undefined;
  }

  /** All lists together have too much waiting, and this one's reader has taken nothing for the longest. */
  readonly #answerDropped = (): void => {
    // Pages that are gone come once more in another snapshot alone, which the reader has to begin anew with.
    if (this.#isInSnapshot) this.end(comeBack());
    this.#unfinished = undefined;
    this.doubt('OVERFLOW');
  };

  #handOver(change: Change): Change | undefined {
    const { revision } = this.#position;
    try {
      invariant(
        revision === null || change.complete !== undefined || change.revision === revision + 1,
        'what is handed over is the next revision, or a snapshot (S18)',
        () => ({ last: revision, revision: change.revision }),
      );
    } catch (error) {
      // The caller may be the connection's reader: an error must not be thrown at it.
      this.end(error as Error);
      return undefined;
    }
    this.#position = { cursor: change.cursor, revision: change.revision };
    this.#isInSnapshot = change.complete === false;
    return change;
  }

  /** The same for a reader who waits. Rejects with the error that has ended the list, once. */
  async next(): Promise<IteratorResult<Change, undefined>> {
    for (;;) {
      const change = this.take();
      if (change) return { done: false, value: change };
      if (this.ended) break;
      await new Promise<void>((resolve) => {
        this.onReady = resolve;
      });
    }
    const error = this.#endedWith;
    this.#endedWith = undefined;
    if (error) throw error;
    return END;
  }

  async return(): Promise<IteratorResult<Change, undefined>> {
    this.end();
    return END;
  }

  /** Frees everything at once; an error reaches the reader before the end does. */
  end(error?: Error): void {
    if (!this.#happen('ended')) return;
    this.#endedWith = error;
    this.#asking?.abort();
    this.#listening.stop();
    this.#answered.clear();
    this.#announced.clear();
    this.onReady();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Whether the event has changed anything. */
  #happen(event: LiveListEvent): boolean {
    const next = stateAfter(this.#state, event);
    if (next === null) return false;
    this.#state = next;
    return true;
  }

  #nextAnnounced(): Change | undefined {
    if (!this.live) return undefined;
    const last = this.#position.revision ?? 0;
    this.#announced.dropUpTo(last);
    const next = this.#announced.first;
    if (next === undefined) return undefined;
    if (next.revision === last + 1) {
      this.#inDelivery = next;
      return this.#announced.shift();
    }
    this.#inputs.observer?.hole();
    this.doubt('HOLE');
    return undefined;
  }

  async #catchUp(reason: CatchUpReason): Promise<void> {
    this.#inputs.observer?.catchUp(reason);
    const knownBefore = this.#highestKnown;
    const asking = new AbortController();
    const { signal } = asking;
    this.#asking = asking;
    try {
      const { cursor } = this.#unfinished ?? this.#position;
      const answer = await this.#inputs.changesSince(cursor, signal, reason);
      if (this.ended) return;
      const news = newChangesOf(answer, this.#position, this.#unfinished);
      this.#failures = 0;
      this.#answered.put(news.changes, answer.bytes ?? 0);
      await this.#accept(news, knownBefore, signal);
    } catch (error) {
      if (this.ended) return;
      if (error instanceof SubscriptionRefused) return this.end(error.cause);
      this.#failures += 1;
      const neverAnswered = this.#position.revision === null;
      if ((neverAnswered || this.#isInSnapshot) && this.#failures >= MAX_FAILURES_BEFORE_A_WHOLE_ANSWER) {
        return this.end(neverAnswered ? (error as Error) : comeBack());
      }
      this.doubt('STORE_FAILED');
      await this.#inputs.pause(this.#failures, signal);
    } finally {
      this.#asking = undefined;
      this.#happen('settled');
      this.onReady();
    }
  }

  async #accept(
    { changes, end, hasMore, hasSnapshot, unfinished }: NewChanges<Change>,
    knownBefore: number,
    signal: AbortSignal,
  ): Promise<void> {
    if (changes.length === 0) this.#position = end;
    // The last part of a snapshot is from before it was asked for: what was announced meanwhile is not in it.
    const isOld = this.#unfinished !== undefined;
    this.#unfinished = unfinished;
    if (hasMore || isOld) return this.doubt('MORE');
    const stale = !hasSnapshot && end.revision < knownBefore;
    if (!stale || this.#staleAnswers === MAX_STALE_ANSWERS) {
      this.#staleAnswers = 0;
      // A snapshot may start again lower (a restored database); what nobody can produce was never there.
      this.#highestKnown = hasSnapshot || stale ? end.revision : Math.max(this.#highestKnown, end.revision);
      return;
    }
    this.#staleAnswers += 1;
    this.doubt('STORE_BEHIND');
    if (changes.length === 0) await this.#inputs.pause(this.#staleAnswers, signal);
  }
}

const END: IteratorResult<never, undefined> = { done: true, value: undefined };
/** A second or two when connections are refused: a client that subscribes while the store is down is told so. */
const MAX_FAILURES_BEFORE_A_WHOLE_ANSWER = 5;
const MAX_STALE_ANSWERS = 5;
