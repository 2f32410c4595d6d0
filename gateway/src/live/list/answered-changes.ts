import type { AnswerInHand, AnswersInHand } from './answers-in-hand.ts';

/** A bounded buffer: what one subscriber's reader has not taken of the last answer, in a budget that all lists share. */
export class AnsweredChanges<Change> {
  readonly #budget: AnswersInHand | undefined;
  readonly #onDropped: () => void;
  #changes: Change[] = [];
  #inHand: AnswerInHand | undefined;

  /** `onDropped`: there was no room for them, and they are gone. */
  constructor(budget: AnswersInHand | undefined, onDropped: () => void) {
    this.#budget = budget;
    this.#onDropped = onDropped;
  }

  /** In place of what was there; the last answer is taken whole before the next is asked for. */
  put(changes: Change[], bytes: number): void {
    this.clear();
    this.#changes = changes;
    if (changes.length > 0) this.#inHand = this.#budget?.hold(bytes, this.#drop);
  }

  shift(): Change | undefined {
    const next = this.#changes.shift();
    if (next === undefined) return undefined;
    if (this.#changes.length > 0) this.#inHand?.taken();
    else this.clear();
    return next;
  }

  clear(): void {
    this.#changes = [];
    this.#inHand?.release();
    this.#inHand = undefined;
  }

  readonly #drop = (): void => {
    this.clear();
    this.#onDropped();
  };
}
