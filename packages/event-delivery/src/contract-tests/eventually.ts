/**
 * Polls a condition until it holds, and hands back what it answered. What throws does not hold yet.
 *
 * @param what the condition in words, for the error
 * @param options `withinMs`: when to give up, a minute unless told: it is there to end a test that hangs
 * @throws {Error} when it does not hold in time; its cause is what the condition threw last
 */
export async function eventually<Answer>(
  what: string,
  condition: () => Promise<Answer | undefined | false> | Answer | undefined | false,
  { withinMs = 60_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<Answer> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    let thrown: unknown;
    try {
      const answer = await condition();
      if (answer) return answer;
    } catch (error) {
      thrown = error;
    }
    if (performance.now() > giveUpAt) {
      throw new Error(`Not within ${withinMs} ms: ${what}`, thrown === undefined ? {} : { cause: thrown });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
