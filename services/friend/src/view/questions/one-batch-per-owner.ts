import type { Question } from './question.ts';

type AnyQuestion = Question<unknown>;

/** Answers all the questions about one owner's list, by their text. */
export type AnswerBatch = (
  ownerId: string,
  questions: ReadonlyMap<string, AnyQuestion>,
) => Promise<ReadonlyMap<string, unknown>>;

interface Batch {
  readonly questions: Map<string, AnyQuestion>;
  readonly answers: Promise<ReadonlyMap<string, unknown>>;
  readonly start: () => void;
}

/**
 * Batching and single-flight, by owner: one batch of questions is under way at a time; those that arrive meanwhile go
 * together in the next. So a
 * thousand simultaneous readers of a list cost two batches, whether it is in Redis or not.
 *
 * A question is never answered by work that began before it was asked. Joining work already under way would be cheaper
 * still, and could answer with the list as it was before a change that this very client has just been promised.
 */
export function oneBatchPerOwner(answerBatch: AnswerBatch) {
  /** The owners with a batch under way, each with the batch that goes next if anybody has asked since. */
  const underWay = new Map<string, Batch | undefined>();

  function newBatch(ownerId: string): Batch {
    const questions = new Map<string, AnyQuestion>();
    const { promise, resolve } = Promise.withResolvers<void>();
    return { questions, start: resolve, answers: promise.then(() => answerBatch(ownerId, questions)) };
  }

  function go(ownerId: string, batch: Batch): void {
    underWay.set(ownerId, undefined);
    batch.start();
    const then = () => {
      const next = underWay.get(ownerId);
      if (next) go(ownerId, next);
      else underWay.delete(ownerId);
    };
    batch.answers.then(then, then);
  }

  /** The answer may be shared with others who asked the same: nobody may change it. */
  return async function ask<Answer>(ownerId: string, question: Question<Answer>): Promise<Answer> {
    const busy = underWay.has(ownerId);
    const batch = underWay.get(ownerId) ?? newBatch(ownerId);
    batch.questions.set(question.text, question);
    if (busy) underWay.set(ownerId, batch);
    else go(ownerId, batch);
    return (await batch.answers).get(question.text) as Answer;
  };
}
