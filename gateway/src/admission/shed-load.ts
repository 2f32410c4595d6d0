import { KithError } from '@kith/service-kit';
import { Counter, Gauge } from 'prom-client';

export interface LoadLimits {
  /** Operations that run at the same time. */
  readonly running: number;
  /** Operations that wait for one of those to end, and for how long. */
  readonly waiting: number;
  readonly waitAtMostMs: number;
  /** How late the event loop may be: beyond it nothing new is begun. */
  readonly loopDelayMs: number;
}

export interface LoadShedding {
  /** Throws KithError SERVICE_UNAVAILABLE (with retryAfterMs) at once when this process is too late already. */
  refuseWhenLate(): void;
  /**
   * Resolves when the operation may run, with what to call when it has ended. Rejects with KithError SERVICE_UNAVAILABLE
   * when too many wait, or when it has waited too long: an answer that comes too late is work for nothing.
   */
  enter(): Promise<() => void>;
  stop(): void;
}

const LOOK_EVERY_MS = 50;
const RETRY_AFTER_MS = 1_000;

const shed = new Counter({
  name: 'kith_gateway_shed_total',
  help: 'Operations refused because this process has all the work it can do, by what told so.',
  labelNames: ['by'],
});
const running = new Gauge({ name: 'kith_gateway_operations_running', help: 'Operations that run at this moment.' });
const loopDelay = new Gauge({
  name: 'kith_gateway_loop_delay_ms',
  help: 'How late the event loop is, on the mean of the last moments.',
});

/**
 * Bounds the work in hand, so that what is accepted is answered in time and the rest is told at once to come back
 * (Little's law: with more in hand each only takes longer). First come, first served.
 */
export function shedLoad(limits: LoadLimits): LoadShedding {
  const waiting: { start: () => void; refuse: () => void }[] = [];
  let inHand = 0;

  let lookedAt = performance.now();
  let lateByMs = 0;
  const looking = setInterval(() => {
    const now = performance.now();
    // The mean of what was and what is: one long task is no overload, a row of them is.
    lateByMs = (lateByMs + Math.max(0, now - lookedAt - LOOK_EVERY_MS)) / 2;
    lookedAt = now;
    loopDelay.set(lateByMs);
    running.set(inHand);
  }, LOOK_EVERY_MS).unref();

  function overloaded(by: string): KithError {
    shed.inc({ by });
    return new KithError('SERVICE_UNAVAILABLE', 'Too much to do at this moment: try again soon.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }
  function refuseWhenLate(): void {
    if (lateByMs > limits.loopDelayMs) throw overloaded('loop-delay');
  }
  function leave(): () => void {
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      const next = waiting.shift();
      if (next) next.start();
      else inHand -= 1;
    };
  }

  return {
    refuseWhenLate,
    enter() {
      if (inHand < limits.running) {
        inHand += 1;
        return Promise.resolve(leave());
      }
      if (waiting.length >= limits.waiting) return Promise.reject(overloaded('queue'));
      return new Promise((resolve, reject) => {
        const place = {
          start: () => {
            clearTimeout(timer);
            resolve(leave());
          },
          refuse: () => {
            waiting.splice(waiting.indexOf(place), 1);
            reject(overloaded('wait'));
          },
        };
        const timer = setTimeout(place.refuse, limits.waitAtMostMs);
        waiting.push(place);
      });
    },
    stop: () => clearInterval(looking),
  };
}
