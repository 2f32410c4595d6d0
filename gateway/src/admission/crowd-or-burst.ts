import { LOOK_EVERY_MS } from './loop-lateness.ts';

/** A burst that lasts for more looks than this is a crowd; a crowd ends after this many looks with a pause in each. */
const BURST_AT_MOST_LOOKS = 2;
const CROWD_IS_GONE_AFTER_LOOKS = 20;
/** Idle for more than this part of a look is no crowd: between two operations of a crowd there is less idle time. */
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

  /** Operations are in flight again. */
  busy(now: number): void {
    this.#idleMs += now - this.#idleSince;
  }

  /** No operation is in flight any more. */
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
