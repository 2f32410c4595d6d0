/** So many questions in a row have to be in vain, each with its whole time: one alone may be the asker's own delay. */
const IN_VAIN = 3;
/** Of one that takes long to answer, because the machine is busy, so many times as much silence is borne. */
const TIMES_AS_LONG = 10;
/** However slow it is, silence is borne for so long at most, unless it is told to be more patient. */
const MOST_MS = 60_000;
/** A question is given up after so long, or so many times as long as answers take. */
const ASK_FOR_MS = 3_000;
const ASK_TIMES_AS_LONG = 3;
/** How much the newest answer counts in how long one takes: a moving average. */
const NEWEST_WEIGHS = 0.2;

export interface Suspicion {
  /** It has answered, after so many ms. */
  answered(tookMs: number): void;
  /** It has not, within the time of a question. */
  inVain(): void;
  /** It is another now, or has begun anew. */
  beginAnew(): void;
  /** How long the next question is to wait for its answer. */
  readonly askForMs: number;
  /** Whether it has been silent for longer than one that is merely slow. */
  readonly hangs: boolean;
}

/**
 * Adaptive failure detector, after φ-accrual (Hayashibara et al., 2004): how much silence is suspect depends on how long
 * answers have taken of late.
 *
 * @param silentAtMostMs of one that answers at once
 * @param now in ms, of a clock that never goes back
 */
export function suspectWhoIsSilent(silentAtMostMs: number, now = () => performance.now()): Suspicion {
  let answeredAt = now();
  let vain = 0;
  let usualMs = 0;
  return {
    answered(tookMs) {
      answeredAt = now();
      vain = 0;
      usualMs += (tookMs - usualMs) * NEWEST_WEIGHS;
    },
    inVain() {
      vain += 1;
    },
    beginAnew() {
      answeredAt = now();
      vain = 0;
    },
    get askForMs() {
      return Math.min(Math.max(ASK_FOR_MS, usualMs * ASK_TIMES_AS_LONG), MOST_MS / IN_VAIN);
    },
    get hangs() {
      const borneMs = Math.max(silentAtMostMs, Math.min(usualMs * TIMES_AS_LONG, MOST_MS));
      return vain >= IN_VAIN && now() - answeredAt > borneMs;
    },
  };
}
