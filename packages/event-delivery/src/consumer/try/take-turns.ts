export type Turns = ReturnType<typeof createTurns>;

/**
 * Keyed mutex with a semaphore: runs jobs of one key in the order they came and keys concurrently, at most `concurrency`
 * at once. A job must not reject.
 */
export function createTurns(concurrency: number) {
  const lastOfKey = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let free = concurrency;

  return {
    take(key: string, job: () => Promise<void>): void {
      const turn = (lastOfKey.get(key) ?? Promise.resolve()).then(job);
      lastOfKey.set(key, turn);
      void turn.then(() => {
        if (lastOfKey.get(key) === turn) lastOfKey.delete(key);
      });
    },
    /** Waits for one of the places. Not held while a failed job waits for its next try, so that others flow. */
    async inPlace<Result>(work: () => Promise<Result>): Promise<Result> {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
    /** Resolves when every turn taken so far is over. */
    async over(): Promise<void> {
      await Promise.all(lastOfKey.values());
    },
  };
}
