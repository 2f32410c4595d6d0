import { remember } from './remember-a-bounded-number.ts';

const APART_FOR_MS = 60_000;
const MANY_ENDS = 3;
const MANY_ENDS_WITHIN_MS = 10_000;

/**
 * A bulkhead between senders: whose documents are planned apart, so that nobody else waits for them; for a while, by
 * what came of others.
 */
export class SenderRecords {
  readonly #suspects = new Map<string, number>();
  readonly #proven = new Map<string, true>();
  /** When processes of the first row have ended. */
  readonly #endsInRow: number[] = [];

  /** A document of theirs was good; `absolved`: one that was taken for the cause of an end. */
  planned(from: string, { absolved }: { absolved: boolean }): void {
    if (absolved) this.#suspects.delete(from);
    if (!this.#proven.has(from)) remember(this.#proven, from, true);
  }

  /** A process has ended under a document of theirs: `suspect` where that is taken for the cause. */
  ended(from: string, { suspect, inRow }: { suspect: boolean; inRow: boolean }): void {
    if (inRow) this.#endsInRow.push(performance.now());
    if (this.#endsInRow.length > MANY_ENDS) this.#endsInRow.shift();
    if (!suspect) return;
    this.#proven.delete(from);
    remember(this.#suspects, from, performance.now() + APART_FOR_MS);
  }

  /** `stranger`: while one sender after the other ends processes, all but those whose documents were good. */
  suspicionOf(from: string): 'suspect' | 'stranger' | 'none' {
    const now = performance.now();
    const until = this.#suspects.get(from);
    if (until !== undefined && until > now) return 'suspect';
    if (until !== undefined) this.#suspects.delete(from);
    const isFlood = this.#endsInRow.length >= MANY_ENDS && (this.#endsInRow[0] ?? 0) > now - MANY_ENDS_WITHIN_MS;
    return isFlood && !this.#proven.has(from) ? 'stranger' : 'none';
  }
}
