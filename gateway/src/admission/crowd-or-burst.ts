import { LOOK_EVERY_MS } from './loop-lateness.ts';

/** What has kept the process at work for so many looks is no burst but a crowd; so many with a pause in each end it. */
const BURST_AT_MOST_LOOKS = 2;
const CROWD_IS_GONE_AFTER_LOOKS = 20;
/** With nothing in hand for so much of a look it was not kept at work: between two operations of a crowd there is less. */
const PAUSE_MS = 0.05 * LOOK_EVERY_MS;

/** Tells a crowd from a burst: a burst ends in a pause. */
export class CrowdOrBurst {
  crowded = false;
  /** One after the other that say the contrary of `crowded`. */
  #contraryLooks = 0;
  #idleSince: number;
  #idleMs = 0;

  constructor(now: number) {
    this.#idleSince = now;
  }

  /** Something is in hand again. */
  busy(now: number): void {
    this.#idleMs += now - this.#idleSince;
  }

  /** Nothing is in hand any more. */
  idle(now: number): void {
    this.#idleSince = now;
  }

  look(now: number, inHand: number): void {
    if (inHand === 0) this.#idleMs += now - this.#idleSince;
    const paused = this.#idleMs > PAUSE_MS;
    this.#contraryLooks = paused === this.crowded ? this.#contraryLooks + 1 : 0;
    if (this.#contraryLooks > (this.crowded ? CROWD_IS_GONE_AFTER_LOOKS : BURST_AT_MOST_LOOKS)) {
      this.crowded = !this.crowded;
      this.#contraryLooks = 0;
    }
    this.#idleSince = now;
    this.#idleMs = 0;
  }
}
