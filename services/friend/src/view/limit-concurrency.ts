/** Runs at most `most` tasks at a time, the others in the order they came. */
export function limitConcurrency(most: number) {
  let running = 0;
  const waiting: Array<() => void> = [];
  return async function withSlot<T>(task: () => Promise<T>): Promise<T> {
    // Whoever finishes hands the slot on without giving it back: nobody can slip in between.
    if (running < most) running++;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
