import type { ListInHand } from '../entries/list-in-hand.ts';
import type { ViewScript } from '../redis/view-scripts.ts';

/**
 * One way of reading a list. It can be asked of the view, and of a list in hand, and both give the same answer.
 * A new way of reading is one file like `ask-for-page.ts`, and its script.
 */
export interface Question<Answer> {
  /** Two questions with the same text are the same question. */
  readonly text: string;
  readonly script: ViewScript;
  /** What the script takes after the floor and the expiry. */
  readonly args: readonly (string | number)[];
  /** Reads what the script answered after 'ok' and the revision. */
  read(revision: number, reply: readonly unknown[]): Answer;
  answer(list: ListInHand): Answer;
}
