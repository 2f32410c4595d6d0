/** How often it is looked. */
export const LOOK_EVERY_MS = 50;
/** One or two pauses, however long, are no overload: the event loop is late when it is so at most of this many looks. */
const LOOKS = 5;

/** Event loop lag: how late this process is again and again with what it has to do. */
export class LoopLateness {
  readonly #lastLooksMs: number[] = Array(LOOKS).fill(0);
  #lookedAt: number;
  lateByMs = 0;

  constructor(now: number) {
    this.#lookedAt = now;
  }

  look(now: number): void {
    this.#lastLooksMs.shift();
    this.#lastLooksMs.push(Math.max(0, now - this.#lookedAt - LOOK_EVERY_MS));
    this.lateByMs = this.#lastLooksMs.toSorted((a, b) => a - b)[(LOOKS - 1) / 2] ?? 0;
    this.#lookedAt = now;
  }
}
