import { KithError } from '@kith/service-kit';
import { Counter, Gauge } from '@prometheus-io/client';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { CrowdOrBurst } from './crowd-or-burst.ts';
import { LOOK_EVERY_MS, LoopLateness } from './loop-lateness.ts';

export interface LoadLimits {
  /** Operations that run at the same time. */
  readonly running: number;
  /** So many may always run, however slow they are: what a few clients ask at a time is no crowd. */
  readonly fewest: number;
  /** Operations that wait for one of those to end, and for how long. */
  readonly waiting: number;
  readonly waitAtMostMs: number;
  /** How late the event loop may be again and again: beyond it nothing new is begun. */
  readonly loopDelayMs: number;
}

export interface LoadShedding {
  /** Whether nothing new can be done in time; whoever asks refuses then, and is counted. */
  isBusy(): boolean;
  /** As `isBusy`, but throws KithError SERVICE_UNAVAILABLE (with retryAfterMs). */
  refuseWhenBusy(): void;
  /**
   * Resolves when the operation may run, with what to call when it has ended. Rejects with KithError SERVICE_UNAVAILABLE
   * when too many wait, or when it has waited too long: an answer that comes too late is work for nothing.
   */
  enter(): Promise<() => void>;
  /** How many may run at this moment. */
  readonly mayRun: number;
  stop(): void;
}

const RETRY_AFTER_MS = 1_000;
/** What comes in a burst is let wait so long, however fast the machine is. */
const WAIT_AT_LEAST_MS = 100;
/** As many may join a burst as should have had their turn by then. */
const TURN_WITHIN_MS = 50;

const shed = new Counter({
  name: 'kith_gateway_shed_total',
  help: 'Operations refused because this process has all the work it can do, by what told so.',
  labelNames: ['by'],
});
const inHandGauge = new Gauge({
  name: 'kith_gateway_operations_running',
  help: 'Operations that run at this moment, by kind.',
  labelNames: ['kind'],
});
const mayRunGauge = new Gauge({
  name: 'kith_gateway_operations_may_run',
  help: 'How many operations may run at this moment, by kind.',
  labelNames: ['kind'],
});
const loopDelay = new Gauge({
  name: 'kith_gateway_loop_delay_ms',
  help: 'How late the event loop is: the median of the last five looks.',
});

/**
 * Load shedding: bounds the work in flight, so that what is accepted is answered in time and the rest is told at once to
 * come back: by Little's law, with more in flight each only takes longer. First come, first served.
 *
 * Waiting is for bursts, which end in a pause. In a crowd the row would never be empty: it would not let one more
 * through, and everybody would wait as long as it is; so nobody joins it when there has been no pause for a while, and
 * until there have been pauses for a second.
 */
export function shedLoad(limits: LoadLimits, kind = 'all'): LoadShedding {
  return new WorkInHand(limits, kind);
}

class WorkInHand implements LoadShedding {
  readonly #limits: LoadLimits;
  readonly #limit: AdaptiveLimit;
  readonly #lateness = new LoopLateness(performance.now());
  readonly #crowd = new CrowdOrBurst(performance.now());
  readonly #waiting: { start: () => void; refuse: () => void }[] = [];
  readonly #looking: NodeJS.Timeout;
  #inHand = 0;

  constructor(limits: LoadLimits, kind: string) {
    this.#limits = limits;
    this.#limit = new AdaptiveLimit({ fewest: limits.fewest, most: limits.running });
    this.#looking = setInterval(() => this.#look(kind), LOOK_EVERY_MS).unref();
  }

  get mayRun(): number {
    return this.#limit.mayRun;
  }

  readonly isBusy = (): boolean => {
    const late = this.#lateness.lateByMs > this.#limits.loopDelayMs;
    const full = this.#inHand >= this.mayRun && this.#waiting.length >= this.#mayWait();
    if (late || full) this.#count(late ? 'loop-delay' : 'queue');
    return late || full;
  };

  refuseWhenBusy(): void {
    if (this.isBusy()) throw tooMuchToDo();
  }

  enter(): Promise<() => void> {
    if (this.#inHand < this.mayRun) return Promise.resolve(this.#begin());
    this.#limit.full();
    if (this.#waiting.length >= this.#mayWait()) return Promise.reject(this.#overloaded('queue'));
    return new Promise((resolve, reject) => {
      const place = {
        start: () => {
          clearTimeout(timer);
          resolve(this.#begin());
        },
        refuse: () => {
          this.#waiting.splice(this.#waiting.indexOf(place), 1);
          reject(this.#overloaded('wait'));
        },
      };
      const atMostMs = Math.min(this.#limits.waitAtMostMs, Math.max(WAIT_AT_LEAST_MS, this.#limit.slowMs() * 2));
      const timer = setTimeout(place.refuse, atMostMs);
      this.#waiting.push(place);
    });
  }

  readonly stop = (): void => clearInterval(this.#looking);

  #begin(): () => void {
    const beganAt = performance.now();
    if (this.#inHand === 0) this.#crowd.busy(beganAt);
    this.#inHand += 1;
    this.#limit.began(this.#inHand);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#end(beganAt);
    };
  }

  #end(beganAt: number): void {
    const endedAt = performance.now();
    this.#limit.ended(endedAt - beganAt);
    this.#inHand -= 1;
    if (this.#inHand === 0) this.#crowd.idle(endedAt);
    while (this.#inHand < this.mayRun && this.#waiting.length > 0) this.#waiting.shift()?.start();
  }

  /** As many as can have their turn in time when each takes as long as it may. */
  #mayWait(): number {
    if (this.#crowd.crowded) return 0;
    const inTime = Math.floor((this.mayRun * TURN_WITHIN_MS) / this.#limit.slowMs());
    return Math.min(this.#limits.waiting, Math.max(this.mayRun, inTime));
  }

  #look(kind: string): void {
    const now = performance.now();
    this.#lateness.look(now);
    this.#crowd.look(now, this.#inHand);
    this.#limit.look(this.#inHand);
    loopDelay.set(this.#lateness.lateByMs);
    inHandGauge.set({ kind }, this.#inHand);
    mayRunGauge.set({ kind }, this.mayRun);
  }

  #overloaded(by: string): KithError {
    this.#count(by);
    return tooMuchToDo();
  }

  #count(by: string): void {
    if (by !== 'loop-delay') this.#limit.full();
    shed.inc({ by });
  }
}

function tooMuchToDo(): KithError {
  return new KithError('SERVICE_UNAVAILABLE', 'Too much to do at this moment: try again soon.', {
    retryAfterMs: RETRY_AFTER_MS,
  });
}
