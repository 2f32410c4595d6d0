/**
 * Lets those of this process who name a key in common go one after the other, in the order in which they came. Nobody
 * can wait in a circle, for everybody waits only for who came before.
 *
 * It spares them a conflict and keeps no promise: who has waited for `waitAtMostMs` goes ahead, so that one statement
 * without an answer holds up nobody for long.
 */
export function createTurns(options: { waitAtMostMs: number }) {
  const lastOf = new Map<string, Promise<void>>();

  return function inTurn<Result>(keys: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const before = keys.flatMap((key) => lastOf.get(key) ?? []);
    const turn = before.length === 0 ? work() : atMost(options.waitAtMostMs, Promise.all(before)).then(work);
    const over = turn.then(
      () => forget(),
      () => forget(),
    );
    const forget = () => {
      for (const key of keys) if (lastOf.get(key) === over) lastOf.delete(key);
    };
    for (const key of keys) lastOf.set(key, over);
    return turn;
  };
}

function atMost(ms: number, promise: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    promise.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
