/**
 * Polls `check` until it answers something truthy and returns that. A check that throws counts as "not yet".
 *
 * @param what the condition in words; it is the message when the deadline passes, with the last error as its cause
 * @param options `withinMs` (default 120,000: it only ends a test that hangs, on the busiest machine) and `everyMs` (default 20)
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  options: { withinMs?: number; everyMs?: number } = {},
): Promise<T> {
  const { withinMs = 120_000, everyMs = 20 } = options;
  const deadline = performance.now() + withinMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await check();
      if (answer) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const why = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`Not within ${withinMs} ms: ${what}${why}`, { cause: lastError });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
