/** Counting semaphore: runs at most `limit` of the works given to it at the same time; the others wait their turn. */
export function atMostAtOnce(
  limit: number,
  /** How many may wait; one more is refused: it rejects with `refusal`. */
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
      // The place goes to the next in line, so that nobody who comes now can take it first.
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
