import { SetupProblem } from '@kith/local-servers';

/** Somebody who waits learns after so long what for. */
const SAY_AFTER_MS = 30_000;
const DEFAULT_LIMIT_MS = 120_000;

/** A step of a start took longer than it may. What it began may still hang: the process has to leave without its threads. */
export class StepTooSlow extends SetupProblem {
  override name = 'StepTooSlow';
}

export type KeepTime = <Result>(step: string, work: () => Promise<Result>, limits?: StepLimits) => Promise<Result>;
type StepLimits = {
  /** For steps that may well take longer; START_STEP_WITHIN_S counts before it. */
  withinMs?: number;
  /** What to look at when it takes longer; the end of a sentence. */
  lookAt?: string;
};

/**
 * Timeouts for the steps of a start: says which one is waited for when it takes long, and ends it with a sentence that names
 * it when it passes its limit. So no start waits without a word, and none forever.
 *
 * @param limitMs of every step, in place of their own
 */
export function keepTime(say: (line: string) => void, limitMs?: number): KeepTime {
  return async (step, work, { withinMs = DEFAULT_LIMIT_MS, lookAt = 'the logs say more' } = {}) => {
    const allowedMs = limitMs ?? withinMs;
    const timers: NodeJS.Timeout[] = [];
    const tooSlow = new Promise<never>((_, reject) => {
      const sentence = `${step} took longer than ${allowedMs / 1_000} s: ${lookAt}. START_STEP_WITHIN_S gives each step more time.`;
      timers.push(setTimeout(() => say(`Still at this: ${step} …`), SAY_AFTER_MS));
      timers.push(setTimeout(() => reject(new StepTooSlow(sentence)), allowedMs));
    });
    try {
      return await Promise.race([work(), tooSlow]);
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  };
}
