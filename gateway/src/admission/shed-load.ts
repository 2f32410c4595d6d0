import { KithError } from '@kith/service-kit';
import { Counter, Gauge } from '@prometheus-io/client';

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

const LOOK_EVERY_MS = 50;
/** One pause, of whatever length, is no overload, nor are two: the event loop is late when it is at most of so many looks. */
const LOOKS = 5;
const RETRY_AFTER_MS = 1_000;

/** When the fastest of the last moments took so many times as long as it does without a crowd, too many run at a time. */
const SLOWER_BY = 3;
/** Less is nobody's complaint. */
const FAST_ENOUGH_MS = 4;
/** What comes in a burst is let wait so long, however fast the machine is. */
const WAIT_AT_LEAST_MS = 100;
/** As many may join a burst as should have had their turn by then. */
const TURN_WITHIN_MS = 50;
/** What has kept the process at work for so many looks is no burst but a crowd; so many with a pause in each end it. */
const BURST_AT_MOST_LOOKS = 2;
const CROWD_IS_GONE_AFTER_LOOKS = 20;
/** With nothing in hand for so much of a look it was not kept at work: between two operations of a crowd there is less. */
const PAUSE_MS = 0.05 * LOOK_EVERY_MS;
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
 * Bounds the work in hand, so that what is accepted is answered in time and the rest is told at once to come back:
 * by Little's law, with more in hand each only takes longer. How much that is shows in the fastest operations: in a crowd
 * they are slow too, while a slow service or a hard operation slows only some. (The signal is CoDel's, RFC 8289; the way
 * to the limit is TCP's, as in Netflix's concurrency-limits.) First come, first served.
 *
 * Waiting is for bursts, which end in a pause. In a crowd the row would never be empty: it would not let one more
 * through, and everybody would wait as long as it is; so nobody joins it when there has been no pause for a while, and
 * until there have been pauses for a second.
 */
export function shedLoad(limits: LoadLimits, kind = 'all'): LoadShedding {
  const waiting: { start: () => void; refuse: () => void }[] = [];
  let inHand = 0;
  let mayRun = limits.running;
  let lookedAt = performance.now();
  let lateByMs = 0;
  const fewest = Math.min(limits.fewest, limits.running);
  const lastLooksMs: number[] = Array(LOOKS).fill(0);
  let samples = 0;
  let fastestMs = Number.POSITIVE_INFINITY;
  let fastestEverMs = Number.POSITIVE_INFINITY;
  let wasFull = false;
  let mostInHand = 0;
  let crowded = false;
  /** One after the other that say the contrary of `crowded`. */
  let contraryLooks = 0;
  let idleSince = lookedAt;
  let idleMs = 0;

  const looking = setInterval(() => {
    const now = performance.now();
    lastLooksMs.shift();
    lastLooksMs.push(Math.max(0, now - lookedAt - LOOK_EVERY_MS));
    lateByMs = lastLooksMs.toSorted((a, b) => a - b)[(LOOKS - 1) / 2]!;
    lookedAt = now;
    countPause(now);
    if (samples >= SAMPLES) adapt();
    loopDelay.set(lateByMs);
    inHandGauge.set({ kind }, inHand);
    mayRunGauge.set({ kind }, mayRun);
  }, LOOK_EVERY_MS).unref();

  function countPause(now: number): void {
    if (inHand === 0) idleMs += now - idleSince;
    const paused = idleMs > PAUSE_MS;
    contraryLooks = paused === crowded ? contraryLooks + 1 : 0;
    if (contraryLooks > (crowded ? CROWD_IS_GONE_AFTER_LOOKS : BURST_AT_MOST_LOOKS)) {
      crowded = !crowded;
      contraryLooks = 0;
    }
    idleSince = now;
    idleMs = 0;
  }
  function adapt(): void {
    const slower = fastestMs / slowMs();
    if (slower > 1) mayRun = Math.max(fewest, Math.floor(mayRun * Math.max(SHRINK_AT_MOST_TO, 1 / slower)));
    else if (wasFull && slower < GROWS_BELOW) mayRun = Math.min(limits.running, Math.ceil(mayRun * GROW));
    else if (!wasFull && mayRun > unused()) mayRun = Math.max(unused(), Math.floor(mayRun * UNUSED_SHRINK));
    mostInHand = inHand;
    fastestEverMs = Math.min(fastestMs, fastestEverMs + (fastestMs - fastestEverMs) * FORGET || fastestMs);
    samples = 0;
    fastestMs = Number.POSITIVE_INFINITY;
    wasFull = false;
  }

  const unused = () => Math.max(UNUSED_AT_LEAST, mostInHand * TIMES_WHAT_WAS_USED);
  function slowMs(): number {
    return Number.isFinite(fastestEverMs)
      ? Math.max(FAST_ENOUGH_MS, fastestEverMs * SLOWER_BY)
      : Number.POSITIVE_INFINITY;
  }
  function overloaded(by: string): KithError {
    count(by);
    return tooMuchToDo();
  }
  function count(by: string): void {
    wasFull ||= by !== 'loop-delay';
    shed.inc({ by });
  }
  function tooMuchToDo(): KithError {
    return new KithError('SERVICE_UNAVAILABLE', 'Too much to do at this moment: try again soon.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  function isBusy(): boolean {
    const late = lateByMs > limits.loopDelayMs;
    const full = inHand >= mayRun && waiting.length >= mayWait();
    if (late || full) count(late ? 'loop-delay' : 'queue');
    return late || full;
  }
  /** As many as can have their turn in time when each takes as long as it may. */
  function mayWait(): number {
    if (crowded) return 0;
    return Math.min(limits.waiting, Math.max(mayRun, Math.floor((mayRun * TURN_WITHIN_MS) / slowMs())));
  }

  function begin(): () => void {
    const beganAt = performance.now();
    if (inHand === 0) idleMs += beganAt - idleSince;
    inHand += 1;
    mostInHand = Math.max(mostInHand, inHand);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const endedAt = performance.now();
      samples += 1;
      fastestMs = Math.min(fastestMs, endedAt - beganAt);
      inHand -= 1;
      if (inHand === 0) idleSince = endedAt;
      while (inHand < mayRun && waiting.length > 0) waiting.shift()!.start();
    };
  }

  return {
    get mayRun() {
      return mayRun;
    },
    isBusy,
    refuseWhenBusy() {
      if (isBusy()) throw tooMuchToDo();
    },
    enter() {
      if (inHand < mayRun) return Promise.resolve(begin());
      wasFull = true;
      if (waiting.length >= mayWait()) return Promise.reject(overloaded('queue'));
      return new Promise((resolve, reject) => {
        const place = {
          start: () => {
            clearTimeout(timer);
            resolve(begin());
          },
          refuse: () => {
            waiting.splice(waiting.indexOf(place), 1);
            reject(overloaded('wait'));
          },
        };
        const timer = setTimeout(place.refuse, Math.min(limits.waitAtMostMs, Math.max(WAIT_AT_LEAST_MS, slowMs() * 2)));
        waiting.push(place);
      });
    },
    stop: () => clearInterval(looking),
  };
}
