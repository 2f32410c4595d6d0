/** Counting semaphore: runs at most `limit` tasks at the same time; the others queue. */
export function atMostAtOnce(
  limit: number,
  /** Bounds the queue (backpressure): one task more than `mayWait` rejects with `refusal`. */
  line?: { mayWait: number; refusal: () => Error },
): <Result>(work: () => Promise<Result>) => Promise<Result> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running < limit) running += 1;
    else if (line && waiting.length >= line.mayWait) throw line.refusal();
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Hands the place to the next in the queue, so that no newcomer can take it first.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
