import { backoffMs } from '../../failures/backoff.ts';
import type { Ending } from '../try/end-within-a-limit.ts';
import type { Told } from '../try/tell-what-became.ts';
import { RETRY } from './retry-pauses.ts';

/** Undefined when the consumer ended before. */
export type UntilDone = <Result>(work: () => Promise<Result>) => Promise<Result | undefined>;

/** Retry with backoff, for ever: repeats what only an outage of the broker, where the dead letters are, can make fail. */
export function untilTheLettersAnswer(ending: Ending, told: Told): UntilDone {
  return async (work) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        told.lettersAreAway(attempt, error);
        if (!(await ending.pause(backoffMs(attempt, RETRY)))) return undefined;
      }
    }
  };
}
