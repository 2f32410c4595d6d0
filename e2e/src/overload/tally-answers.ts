import { createHistogram } from 'node:perf_hooks';
import type { LeanAnswer } from './lean-connection.ts';

export interface AnswersReport {
  /** Operations answered with data, a second. */
  readonly acceptedPerSecond: number;
  /** ms from when it was due to the answer, of accepted operations: how late the crowd is itself is in it. NaN of none. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly accepted: number;
  readonly refused: number;
  /** ms until whoever was refused knew it. NaN of none. */
  readonly refusedP99Ms: number;
  /** How often something came that is neither an answer nor a refusal. */
  readonly other: Readonly<Record<string, number>>;
}

/** What an operation may be refused with, and must then say how long to wait. */
const REFUSALS = new Set([429, 503]);

/** Counts how requests ended, and how long each took. */
export function tallyAnswers() {
  const acceptedNs = createHistogram({ figures: 3 });
  const refusedNs = createHistogram({ figures: 3 });
  const other: Record<string, number> = {};
  let ended = 0;

  function count(key: string): void {
    other[key] = (other[key] ?? 0) + 1;
  }
  const msAt = (histogram: typeof acceptedNs, p: number) =>
    histogram.count === 0 ? Number.NaN : Math.round(histogram.percentile(p) / 1e4) / 100;

  return {
    /** Of all requests, answered or lost. */
    ended: () => ended,
    answered(answer: LeanAnswer, tookMs: number): void {
      ended += 1;
      const tookNs = Math.max(1, Math.round(tookMs * 1e6));
      if (answer.status === 200 && !answer.hasErrors) acceptedNs.record(tookNs);
      else if (REFUSALS.has(answer.status) && answer.hasRetryAfter) refusedNs.record(tookNs);
      else count(`${answer.status} ${answer.text()}`);
    },
    lost(why: string): void {
      ended += 1;
      count(why);
    },
    /** Of `sent` requests, within so many seconds. */
    report(sent: number, elapsedS: number): AnswersReport {
      if (ended < sent) other['no answer'] = sent - ended;
      return {
        acceptedPerSecond: Math.round(acceptedNs.count / elapsedS),
        p50Ms: msAt(acceptedNs, 50),
        p99Ms: msAt(acceptedNs, 99),
        accepted: acceptedNs.count,
        refused: refusedNs.count,
        refusedP99Ms: msAt(refusedNs, 99),
        other,
      };
    },
  };
}
