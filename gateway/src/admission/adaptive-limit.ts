/** Too many run at once when the fastest operation of late took this many times as long as it does without a crowd. */
const SLOWER_BY = 3;
/** A delay below this is not worth acting on. */
const FAST_ENOUGH_MS = 4;
/** Of fewer the fastest says little. */
const SAMPLES = 8;
const SHRINK_AT_MOST_TO = 0.5;
const GROW = 1.1;
/** A bound that was not used up says nothing of what the machine can do: it comes back to a little more than was used. */
const UNUSED_SHRINK = 0.95;
const TIMES_WHAT_WAS_USED = 4;
const UNUSED_AT_LEAST = 32;
/** Between this share of what is slow, and slow, the bound stays: one that always grows is always a little too large. */
const GROWS_BELOW = 0.5;
/** The fastest ever is forgotten slowly: data grows, and so does the time that the fastest takes. */
const FORGET = 0.002;

/**
 * An adaptive concurrency limit: how much work may be in flight shows in the fastest operations. In a crowd they are slow
 * too, while a slow service or a hard operation slows only some. (The signal is CoDel's, RFC 8289; the way to the limit
 * is TCP's, as in Netflix's concurrency-limits.)
 */
export class AdaptiveLimit {
  readonly #fewest: number;
  readonly #most: number;
  /** How many may run at this moment. */
  mayRun: number;
  #samples = 0;
  #fastestMs = Number.POSITIVE_INFINITY;
  #fastestEverMs = Number.POSITIVE_INFINITY;
  #wasFull = false;
  #mostInHand = 0;

  constructor({ fewest, most }: { fewest: number; most: number }) {
    this.#fewest = Math.min(fewest, most);
    this.#most = most;
    this.mayRun = most;
  }

  /** How many are in flight, this one included. */
  began(inHand: number): void {
    this.#mostInHand = Math.max(this.#mostInHand, inHand);
  }

  ended(tookMs: number): void {
    this.#samples += 1;
    this.#fastestMs = Math.min(this.#fastestMs, tookMs);
  }

  /** Somebody had to wait, or was refused, because the bound was used up. */
  full(): void {
    this.#wasFull = true;
  }

  look(inHand: number): void {
    if (this.#samples >= SAMPLES) this.#adapt(inHand);
  }

  /** What takes longer is slow. */
  slowMs(): number {
    return Number.isFinite(this.#fastestEverMs)
      ? Math.max(FAST_ENOUGH_MS, this.#fastestEverMs * SLOWER_BY)
      : Number.POSITIVE_INFINITY;
  }

  #adapt(inHand: number): void {
    const slower = this.#fastestMs / this.slowMs();
    const unused = Math.max(UNUSED_AT_LEAST, this.#mostInHand * TIMES_WHAT_WAS_USED);
    const { mayRun } = this;
    if (slower > 1) {
      this.mayRun = Math.max(this.#fewest, Math.floor(mayRun * Math.max(SHRINK_AT_MOST_TO, 1 / slower)));
    } else if (this.#wasFull && slower < GROWS_BELOW) this.mayRun = Math.min(this.#most, Math.ceil(mayRun * GROW));
    else if (!this.#wasFull && mayRun > unused) this.mayRun = Math.max(unused, Math.floor(mayRun * UNUSED_SHRINK));
    this.#mostInHand = inHand;
    const [fastestMs, everMs] = [this.#fastestMs, this.#fastestEverMs];
    this.#fastestEverMs = Math.min(fastestMs, everMs + (fastestMs - everMs) * FORGET || fastestMs);
    this.#samples = 0;
    this.#fastestMs = Number.POSITIVE_INFINITY;
    this.#wasFull = false;
  }
}
