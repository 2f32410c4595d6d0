import { expect, onTestFinished, test, vi } from 'vitest';
import { createTurns } from './take-turns.ts';

/** Tasks that finish on request, and the list of those started. */
function workers() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    work: (name: string) => () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    },
    async end(name: string): Promise<void> {
      ends.get(name)!();
      await new Promise(setImmediate);
    },
  };
}

test('who names the same key waits for those before; who names another does not', async () => {
  const inTurn = createTurns({ waitAtMostMs: 60_000, mayWait: 10 });
  const { begun, work, end } = workers();
  const all = [
    inTurn(['a', 'b'], work('first')),
    inTurn(['c'], work('beside')),
    inTurn(['b', 'c'], work('second')),
    inTurn(['a', 'c'], work('third')),
  ];
  expect(begun).toEqual(['first', 'beside']);
  await end('first');
  expect(begun).toEqual(['first', 'beside']);
  await end('beside');
  expect(begun).toEqual(['first', 'beside', 'second']);
  await end('second');
  await end('third');
  expect(await Promise.all(all)).toEqual(['first', 'beside', 'second', 'third']);
});

test('a failure is its own, and the next goes on', async () => {
  const inTurn = createTurns({ waitAtMostMs: 60_000, mayWait: 10 });
  const failing = inTurn(['a'], () => Promise.reject(new Error('It broke.')));
  const next = inTurn(['a'], async () => 'done');
  await expect(failing).rejects.toThrow('It broke.');
  expect(await next).toBe('done');
});

test('who has waited long enough is refused, does nothing, and those after it still wait for those before it', async () => {
  const inTurn = createTurns({ waitAtMostMs: 10, mayWait: 10 });
  const { begun, work, end } = workers();
  const hanging = inTurn(['a'], work('hanging'));
  const refused = { code: 'SERVICE_UNAVAILABLE', extensions: { retryAfterMs: 1_000 } };
  await expect(inTurn(['a', 'b'], work('second'))).rejects.toMatchObject(refused);
  await expect(inTurn(['b'], work('third'))).rejects.toMatchObject(refused);
  expect(await inTurn(['c'], async () => 'beside')).toBe('beside');
  expect(begun).toEqual(['hanging']);
  await end('hanging');
  await hanging;
  expect(await inTurn(['a', 'b'], async () => 'done')).toBe('done');
});

test('who finds too many in line is refused at once, and the line goes on', async () => {
  const inTurn = createTurns({ waitAtMostMs: 60_000, mayWait: 2 });
  const { work, end } = workers();
  const first = inTurn(['a'], work('first'));
  const line = [inTurn(['a'], async () => 2), inTurn(['a'], async () => 3)];
  await expect(inTurn(['a'], async () => 4)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  await end('first');
  expect(await Promise.all([first, ...line])).toEqual(['first', 2, 3]);
  expect(await inTurn(['a'], async () => 5)).toBe(5);
});

test('a line that moves is waited in for longer', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const inTurn = createTurns({ waitAtMostMs: 100, mayWait: 10 });
  const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 80));
  const line = Promise.all([1, 2, 3].map(() => inTurn(['a'], slow)));
  await vi.advanceTimersByTimeAsync(3 * 80);
  expect(await line).toEqual(['done', 'done', 'done']);
});

test('but not for ever: three times as long', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const inTurn = createTurns({ waitAtMostMs: 100, mayWait: 10 });
  const slow = () => new Promise<string>((resolve) => setTimeout(() => resolve('done'), 80));
  const line = Promise.allSettled([1, 2, 3, 4, 5].map(() => inTurn(['a'], slow)));
  await vi.advanceTimersByTimeAsync(5 * 80);
  const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }) };
  const done = { status: 'fulfilled', value: 'done' };
  expect(await line).toEqual([done, done, done, done, refused]);
});
