import { KithError } from '../errors/kith-error.ts';

const WAITS_WHILE_IT_MOVES = 3;

export type InTurn = <Result>(keys: readonly string[], work: () => Promise<Result>) => Promise<Result>;

/**
 * Keyed mutex with a bounded queue, which makes a bulkhead of each key: tasks of this process that share a key run one
 * at a time, first come, first served, so that a stalled key takes only one place from the others. No deadlock: each
 * task waits only for earlier ones.
 *
 * A task that has waited for `waitAtMostMs`, or finds `mayWait` tasks queued, is refused with KithError
 * SERVICE_UNAVAILABLE and does not run. While earlier tasks finish, it waits longer: up to three times as long.
 */
export function createTurns({ waitAtMostMs, mayWait }: { waitAtMostMs: number; mayWait: number }): InTurn {
  const lastOf = new Map<string, Promise<void>>();
  const doneAt = new Map<string, number>();
  const waitingFor = new Map<string, number>();

  function count(keys: readonly string[], by: 1 | -1): void {
    for (const key of keys) {
      const waiting = (waitingFor.get(key) ?? 0) + by;
      if (waiting === 0) waitingFor.delete(key);
      else waitingFor.set(key, waiting);
    }
  }

  async function afterThose(before: Promise<unknown>, keys: readonly string[]): Promise<void> {
    count(keys, 1);
    try {
      for (let wait = 1; wait <= WAITS_WHILE_IT_MOVES; wait += 1) {
        const since = performance.now();
        if (await endsWithin(waitAtMostMs, before)) return;
        if (!keys.some((key) => (doneAt.get(key) ?? 0) > since)) break;
      }
      throw busy();
    } finally {
      count(keys, -1);
    }
  }

  return async function inTurn(keys, work) {
    if (keys.some((key) => (waitingFor.get(key) ?? 0) >= mayWait)) throw busy();
    const before = keys.flatMap((key) => lastOf.get(key) ?? []);
    const those = before.length === 0 ? undefined : Promise.all(before);
    const turn = those ? afterThose(those, keys).then(work) : work();
    // A refused turn ends when the earlier ones do: the next turn still waits for them.
    const over: Promise<void> = Promise.allSettled([turn, those]).then(([{ status }]) => {
      for (const key of keys) {
        if (status === 'fulfilled') doneAt.set(key, performance.now());
        if (lastOf.get(key) !== over) continue;
        lastOf.delete(key);
        doneAt.delete(key);
      }
    });
    for (const key of keys) lastOf.set(key, over);
    return turn;
  };
}

function endsWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    promise.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function busy(): KithError {
  const message = 'Others are changing the same at this moment, and it takes long: try again in a moment.';
  return new KithError('SERVICE_UNAVAILABLE', message, { retryAfterMs: 1_000 });
}
