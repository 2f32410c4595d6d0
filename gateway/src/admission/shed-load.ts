import { KithError } from '@kith/service-kit';
import { Counter, Gauge } from 'prom-client';

export interface LoadLimits {
  /** Operations that run at the same time. */
  readonly running: number;
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

/** Fewer never run at a time, however slow they are. */
const FEWEST = 12;
/** When the fastest of the last moments took so many times as long as it does without a crowd, there is a crowd. */
const SLOWER_BY = 4;
/** Less is nobody's complaint. */
const FAST_ENOUGH_MS = 20;
/** What comes in a burst is let wait so long, however fast the machine is. */
const WAIT_AT_LEAST_MS = 100;
/** Of fewer the fastest says little. */
const SAMPLES = 8;
const SHRINK = 0.8;
const GROW = 1.1;
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
 */
export function shedLoad(limits: LoadLimits, kind = 'all'): LoadShedding {
  const waiting: { start: () => void; refuse: () => void }[] = [];
  let inHand = 0;
  let mayRun = limits.running;
  let lookedAt = performance.now();
  let lateByMs = 0;
  const lastLooksMs: number[] = Array(LOOKS).fill(0);
  let samples = 0;
  let fastestMs = Number.POSITIVE_INFINITY;
  let fastestEverMs = Number.POSITIVE_INFINITY;
  let wasFull = false;

  const looking = setInterval(() => {
    const now = performance.now();
    lastLooksMs.shift();
    lastLooksMs.push(Math.max(0, now - lookedAt - LOOK_EVERY_MS));
    lateByMs = lastLooksMs.toSorted((a, b) => a - b)[(LOOKS - 1) / 2]!;
    lookedAt = now;
    if (samples >= SAMPLES) adapt();
    loopDelay.set(lateByMs);
    inHandGauge.set({ kind }, inHand);
    mayRunGauge.set({ kind }, mayRun);
  }, LOOK_EVERY_MS).unref();

  function adapt(): void {
    if (fastestMs > slowMs()) mayRun = Math.max(Math.min(FEWEST, limits.running), Math.floor(mayRun * SHRINK));
    else if (wasFull) mayRun = Math.min(limits.running, Math.ceil(mayRun * GROW));
    fastestEverMs = Math.min(fastestMs, fastestEverMs + (fastestMs - fastestEverMs) * FORGET || fastestMs);
    samples = 0;
    fastestMs = Number.POSITIVE_INFINITY;
    wasFull = false;
  }

  function slowMs(): number {
    return Number.isFinite(fastestEverMs)
      ? Math.max(FAST_ENOUGH_MS, fastestEverMs * SLOWER_BY)
      : Number.POSITIVE_INFINITY;
  }
  function overloaded(by: string): KithError {
    shed.inc({ by });
    return tooMuchToDo();
  }
  function tooMuchToDo(): KithError {
    return new KithError('SERVICE_UNAVAILABLE', 'Too much to do at this moment: try again soon.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  function isBusy(): boolean {
    const late = lateByMs > limits.loopDelayMs;
    const full = inHand >= mayRun && waiting.length >= mayWait();
    if (late || full) shed.inc({ by: late ? 'loop-delay' : 'queue' });
    return late || full;
  }
  /** As many as can have their turn in time. */
  const mayWait = () => Math.min(limits.waiting, mayRun);

  function begin(): () => void {
    const beganAt = performance.now();
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      samples += 1;
      fastestMs = Math.min(fastestMs, performance.now() - beganAt);
      inHand -= 1;
      while (inHand < mayRun && waiting.length > 0) {
        inHand += 1;
        waiting.shift()!.start();
      }
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
      if (inHand < mayRun) {
        inHand += 1;
        return Promise.resolve(begin());
      }
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
