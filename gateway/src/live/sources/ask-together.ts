import { invariant } from '@kith/service-kit';

/**
 * Batching, by what is under way: what is asked while an earlier question is under way is asked together, as the next
 * one: alone, nobody waits; in a crowd, one question serves at most `atMost` of them. Rejects as the question they were
 * part of.
 */
export function askTogether<Asked, Answer>(
  askAll: (asked: readonly Asked[]) => Promise<readonly Answer[]>,
  atMost: number,
): (asked: Asked) => Promise<Answer> {
  let waiting: { asked: Asked; resolve(answer: Answer): void; reject(error: unknown): void }[] = [];
  let asking = false;

  async function askNext(): Promise<void> {
    asking = true;
    while (waiting.length > 0) {
      const these = waiting.slice(0, atMost);
      waiting = waiting.slice(atMost);
      try {
        const answers = await askAll(these.map(({ asked }) => asked));
        invariant(answers.length === these.length, 'each question of a batch is answered (S17)', () => ({
          ...{ asked: these.length, answered: answers.length },
        }));
        for (const [at, { resolve }] of these.entries()) resolve(answers[at] as Answer);
      } catch (error) {
        for (const { reject } of these) reject(error);
      }
    }
    asking = false;
  }

  return (asked) =>
    new Promise((resolve, reject) => {
      waiting.push({ asked, resolve, reject });
      if (!asking) void askNext();
    });
}
