/**
 * Interruptible sleep (event with memory). Wakes that come while nobody sleeps are not lost: the next wait returns at
 * once.
 */
export function createAlarm() {
  let rung = false;
  let ended = false;
  let asleep: { wakesEarly: boolean; done: () => void } | undefined;

  function sleep(ms: number, wakesEarly: boolean): Promise<void> {
    if (ended || (wakesEarly && rung)) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        asleep = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      asleep = { wakesEarly, done };
    });
  }

  return {
    reset: () => {
      rung = false;
    },
    /** Whether it was woken since the last reset. */
    rung: () => rung,
    wake: () => {
      rung = true;
      if (asleep?.wakesEarly) asleep.done();
    },
    /** Wakes even from a pause. */
    hurry: () => {
      rung = true;
      asleep?.done();
    },
    /** Until it rings, at most `ms`. */
    wait: (ms: number) => sleep(ms, true),
    /** For `ms`, unless it is hurried. */
    pause: (ms: number) => sleep(ms, false),
    end: () => {
      ended = true;
      asleep?.done();
    },
  };
}
