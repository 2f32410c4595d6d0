/** Runs jobs later. `submit` answers false when its queue is full: the job is not run, and the bus reports it. */
export interface Executor {
  submit(job: () => Promise<void>): boolean;
  /** Whether the next job would be taken. */
  hasRoom(): boolean;
  /** Resolves when there is room (backpressure): at once when there is. */
  room(): Promise<void>;
  /** Resolves when nothing submitted so far is waiting or running. */
  drain(): Promise<void>;
}

/** What the bus reports when a handler's executor had no room for the event. */
export class ExecutorFull extends Error {
  readonly code = 'EXECUTOR_FULL';
  constructor() {
    super('The executor has no room for another job: give it a longer queue or a faster handler.');
    this.name = 'ExecutorFull';
  }
}

/**
 * Bounded queue (bulkhead, backpressure): at most `concurrency` jobs at once and `maxQueued` waiting, started in the
 * order they came. RangeError for limits with which nothing would ever run, or no end be known.
 */
export function createExecutor(limits: { concurrency: number; maxQueued: number }): Executor {
  const { concurrency, maxQueued } = limits;
  if (!(concurrency >= 1)) throw new RangeError(`concurrency is ${concurrency}: at least 1 job must be able to run.`);
  if (!(maxQueued >= 0)) throw new RangeError(`maxQueued is ${maxQueued}: give 0, or how many may wait.`);
  const queue: (() => Promise<void>)[] = [];
  const idle: (() => void)[] = [];
  const forRoom: (() => void)[] = [];
  let running = 0;

  const hasRoom = () => running < concurrency || queue.length < maxQueued;

  async function run(job: () => Promise<void>): Promise<void> {
    try {
      await job();
    } catch {
      // The caller that submitted the job reports its failure; here it only must not cost a place.
    }
  }

  function startNext(): void {
    while (running < concurrency) {
      const job = queue.shift();
      if (!job) break;
      running += 1;
      void run(job).then(() => {
        running -= 1;
        startNext();
      });
    }
    if (hasRoom()) for (const resolve of forRoom.splice(0)) resolve();
    if (running === 0 && queue.length === 0) for (const done of idle.splice(0)) done();
  }

  return {
    submit(job) {
      if (!hasRoom()) return false;
      queue.push(job);
      startNext();
      return true;
    },
    hasRoom,
    room: () => (hasRoom() ? Promise.resolve() : new Promise((resolve) => forRoom.push(resolve))),
    drain() {
      if (running === 0 && queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}
