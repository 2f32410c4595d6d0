// Longer than other files: all that the bus promises, of all its ways to hear of an event.

import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { DomainEvent } from './domain-event.ts';
import { createEventBus } from './event-bus.ts';
import { createExecutor, ExecutorFull } from './executor.ts';
import { type BusFailure, BusStopped } from './hand-over.ts';

interface Renamed extends DomainEvent<'renamed'> {
  readonly to: string;
}
interface Removed extends DomainEvent<'removed'> {}
interface Sold extends DomainEvent<'sold'> {}
type Event = Renamed | Removed | Sold;

const about = (id: string) => ({ id, occurredAt: new Date(0), source: { kind: 'product', id: 'p1' } });
const renamed = (to: string): Renamed => ({ name: 'renamed', ...about(to), to });
const removed: Removed = { name: 'removed', ...about('1') };
const sold: Sold = { name: 'sold', ...about('2') };

function createBus(options: { drainWithinMs?: number } = {}) {
  const failures: BusFailure<Event>[] = [];
  const bus = createEventBus<Event, string>({ ...options, onFailure: (failure) => failures.push(failure) });
  return { failures, bus };
}

const messages = (failures: readonly BusFailure<Event>[]) => failures.map(({ error }) => (error as Error).message);

/** Handlers that wait, each until it is told to go on. */
function gates() {
  const waiting: (() => void)[] = [];
  const started: string[] = [];
  return {
    started,
    waitHere: (word: string) => {
      started.push(word);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    openNext: () => waiting.shift()?.(),
  };
}

describe('dispatch', () => {
  test('calls synchronous handlers before it returns, by name, by several names and by predicate', () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.on('renamed', (event) => void seen.push(`name ${event.to}`));
    bus.on(['removed', 'sold'], (event) => {
      expectTypeOf(event).toEqualTypeOf<Removed | Sold>();
      seen.push(`names ${event.name}`);
    });
    bus.on(
      (event) => event.id === '1',
      (event) => void seen.push(`predicate ${event.name}`),
    );
    bus.dispatch([renamed('a'), removed, sold]);
    expect(seen).toEqual(['name a', 'names removed', 'predicate removed', 'names sold']);
  });

  test('calls a handler no more once it is unregistered, even by a handler of the same event', () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.on('removed', () => unregister());
    const unregister = bus.on('removed', () => void seen.push('second'));
    bus.dispatch([removed, removed]);
    expect(seen).toEqual(['second']);
  });

  test('reports whatever throws, with event and handler, and calls the neighbours all the same', async () => {
    const { bus, failures } = createBus();
    const seen: string[] = [];
    const predicate = () => {
      throw new Error('predicate');
    };
    bus.on(predicate, () => undefined, { name: 'never asked' });
    bus.on('removed', function counts() {
      throw new Error('synchronous');
    });
    bus.on('removed', () => Promise.reject(new Error('asynchronous')), { name: 'warms a cache' });
    const executor = createExecutor({ concurrency: 1, maxQueued: 1 });
    const inJob = () => {
      throw new Error('in a job');
    };
    bus.on('removed', inJob, { executor });
    bus.on('removed', () => void seen.push('neighbour'));
    expect(() => bus.dispatch([removed])).not.toThrow();
    await bus.drain();
    expect(seen).toEqual(['neighbour']);
    const told = failures.map(({ event, handler, error }) => [event.name, handler, (error as Error).message]);
    expect(told.sort()).toEqual([
      ['removed', 'counts', 'synchronous'],
      ['removed', 'inJob', 'in a job'],
      ['removed', 'never asked', 'predicate'],
      ['removed', 'warms a cache', 'asynchronous'],
    ]);
  });

  test('survives a failure report that throws itself', async () => {
    const bus = createEventBus<Event>({
      onFailure: () => {
        throw new Error('report');
      },
    });
    const executor = createExecutor({ concurrency: 1, maxQueued: 0 });
    bus.on('removed', () => Promise.reject(new Error('handler')));
    bus.on('removed', () => new Promise((resolve) => setTimeout(resolve, 5)), { executor });
    expect(() => bus.dispatch([removed, removed])).not.toThrow();
    await bus.drain();
  });
});

describe('an executor', () => {
  test('runs at most its concurrency at once, in order, and refuses what does not fit its queue', async () => {
    const { bus, failures } = createBus();
    const executor = createExecutor({ concurrency: 2, maxQueued: 1 });
    const { started, waitHere, openNext } = gates();
    let running = 0;
    let most = 0;
    const handler = async (event: Renamed) => {
      running += 1;
      most = Math.max(most, running);
      await waitHere(event.to);
      running -= 1;
    };
    bus.on('renamed', handler, { executor });
    bus.dispatch(['a', 'b', 'c', 'd'].map(renamed));
    expect(started).toEqual(['a', 'b']);
    expect(failures).toEqual([{ event: renamed('d'), handler: 'handler', error: expect.any(ExecutorFull) }]);
    openNext();
    await expect.poll(() => started).toEqual(['a', 'b', 'c']);
    openNext();
    openNext();
    await bus.drain();
    expect({ running, most }).toEqual({ running: 0, most: 2 });
  });

  test('tells when its queue is full, and whoever waits for room loses nothing', async () => {
    const { bus, failures } = createBus();
    const executor = createExecutor({ concurrency: 1, maxQueued: 1 });
    const { started, waitHere, openNext } = gates();
    bus.on('renamed', ({ to }) => waitHere(to), { executor });
    expect(bus.dispatch([renamed('a')])).toBe(true);
    expect(bus.dispatch([renamed('b')])).toBe(false);
    let gone = false;
    const producer = bus.room().then(() => {
      gone = true;
      return bus.dispatch([renamed('c')]);
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(gone).toBe(false);
    openNext();
    expect(await producer).toBe(false);
    openNext();
    await expect.poll(() => started).toEqual(['a', 'b', 'c']);
    openNext();
    await bus.drain();
    expect(failures).toEqual([]);
    await bus.room();
  });

  test('a job that throws costs no place', async () => {
    const executor = createExecutor({ concurrency: 1, maxQueued: 5 });
    const seen: string[] = [];
    executor.submit(() => {
      throw new Error('at once');
    });
    executor.submit(() => Promise.reject(new Error('later')));
    executor.submit(async () => void seen.push('third'));
    await executor.drain();
    expect(seen).toEqual(['third']);
  });

  test.each([
    [0, 1],
    [Number.NaN, 1],
    [1, -1],
    [1, Number.NaN],
  ])('of concurrency %s with %s waiting is refused', (concurrency, maxQueued) => {
    expect(() => createExecutor({ concurrency, maxQueued })).toThrow(RangeError);
  });

  test('runs each job in the context of who dispatched, not of the job before it', async () => {
    const { bus } = createBus();
    const trace = new AsyncLocalStorage<string>();
    const executor = createExecutor({ concurrency: 1, maxQueued: 5 });
    const seen: unknown[] = [];
    const handler = async ({ to }: Renamed) => {
      await Promise.resolve();
      seen.push([to, trace.getStore(), bus.currentScope()]);
    };
    bus.on('renamed', handler, { executor });
    const scope = bus.scope();
    trace.run('trace of a', () => scope.run(() => bus.dispatch([renamed('a')])));
    trace.run('trace of b', () => bus.dispatch([renamed('b')]));
    await bus.drain();
    expect(seen).toEqual([
      ['a', 'trace of a', undefined],
      ['b', 'trace of b', undefined],
    ]);
  });
});

describe('drain', () => {
  test('waits for running handlers and for the executor of one that was unregistered', async () => {
    const { bus } = createBus();
    const executor = createExecutor({ concurrency: 1, maxQueued: 10 });
    const seen: string[] = [];
    const later = (word: string) => new Promise<void>((resolve) => setTimeout(() => resolve(void seen.push(word)), 5));
    bus.on('removed', () => later('synchronous handler'));
    const unregister = bus.on('removed', () => later('job'), { executor });
    bus.dispatch([removed, removed]);
    unregister();
    await bus.drain();
    expect(seen.sort()).toEqual(['job', 'job', 'synchronous handler', 'synchronous handler']);
  });

  test('waits for what handlers dispatch meanwhile', async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.on('removed', async () => {
      await Promise.resolve();
      bus.dispatch([sold]);
    });
    bus.on('sold', async () => {
      await Promise.resolve();
      seen.push('sold');
    });
    bus.dispatch([removed]);
    await bus.drain();
    expect(seen).toEqual(['sold']);
  });
});

describe('stop', () => {
  test('handles to the end what was dispatched before it, and reports what comes later', async () => {
    const { bus, failures } = createBus();
    const executor = createExecutor({ concurrency: 1, maxQueued: 10 });
    const seen: string[] = [];
    const handler = async ({ to }: Renamed) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      seen.push(to);
    };
    bus.on('renamed', handler, { executor });
    bus.dispatch(['a', 'b'].map(renamed));
    await Promise.all([bus.stop(), bus.stop()]);
    expect(seen).toEqual(['a', 'b']);
    expect(failures).toEqual([]);
    bus.dispatch([renamed('late'), removed]);
    expect(seen).toEqual(['a', 'b']);
    expect(failures).toEqual([{ event: renamed('late'), handler: 'handler', error: expect.any(BusStopped) }]);
  });

  test('does not wait for ever: what hangs, and what waits behind it, is reported and not begun any more', async () => {
    const { bus, failures } = createBus({ drainWithinMs: 20 });
    const executor = createExecutor({ concurrency: 1, maxQueued: 10 });
    const { started, waitHere, openNext } = gates();
    bus.on('renamed', ({ to }) => waitHere(to), { executor, name: 'hangs' });
    bus.dispatch(['a', 'b'].map(renamed));
    await bus.stop();
    expect(failures).toEqual([
      { event: renamed('a'), handler: 'hangs', error: expect.any(BusStopped) },
      { event: renamed('b'), handler: 'hangs', error: expect.any(BusStopped) },
    ]);
    openNext();
    await executor.drain();
    expect(started).toEqual(['a']);
    expect(failures).toHaveLength(2);
  });
});

describe('a unit of work', () => {
  test('asks those who take part one after the other, and waits for each', async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.inTransaction('renamed', async (events, unit) => {
      await Promise.resolve();
      seen.push(`first ${events.map(({ to }) => to)} in ${unit}`);
    });
    bus.inTransaction(
      () => true,
      (events, unit) => void seen.push(`second ${events.map(({ name }) => name)} in ${unit}`),
    );
    bus.inTransaction('sold', () => void seen.push('never'));
    await bus.takePart([renamed('a'), removed, renamed('b')], 'unit 1');
    expect(seen).toEqual(['first a,b in unit 1', 'second renamed,removed,renamed in unit 1']);
  });

  test('fails with what one throws who takes part, and asks no other', async () => {
    const { bus, failures } = createBus();
    const seen: string[] = [];
    bus.inTransaction('removed', () => Promise.reject(new Error('no')));
    bus.inTransaction('removed', () => void seen.push('second'));
    await expect(bus.takePart([removed], 'unit 1')).rejects.toThrow('no');
    expect([seen, failures]).toEqual([[], []]);
  });

  test('has a scope that is found from anywhere below it, and nowhere else', async () => {
    const { bus } = createBus();
    const scope = bus.scope();
    const below = async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return bus.currentScope();
    };
    const found = await Promise.all([scope.run(below), below(), bus.scope().run(() => bus.scope().run(below))]);
    expect(found[0]).toBe(scope);
    expect(found[1]).toBeUndefined();
    expect(found[2]).not.toBe(scope);
    expect(createBus().bus.currentScope()).toBeUndefined();
  });

  test('tells its own subscribers of its own events, behind those who hear of all', async () => {
    const { bus } = createBus();
    const seen: string[] = [];
    const one = bus.scope();
    const other = bus.scope();
    const inner = one.scope();
    for (const [word, level] of Object.entries({ other, inner, one, bus })) {
      level.on('removed', () => void seen.push(word));
      level.inTransaction('removed', () => void seen.push(`${word} takes part`));
    }
    await inner.takePart([removed], 'unit');
    inner.dispatch([removed]);
    one.dispatch([removed]);
    expect(seen).toEqual([
      ...['bus takes part', 'one takes part', 'inner takes part'],
      ...['bus', 'one', 'inner'],
      ...['bus', 'one'],
    ]);
  });

  test('whose own subscriber fails spoils nothing either', () => {
    const { bus, failures } = createBus();
    const seen: string[] = [];
    const scope = bus.scope();
    scope.on('removed', () => {
      throw new Error('in a scope');
    });
    scope.on('removed', () => void seen.push('neighbour'));
    expect(() => scope.dispatch([removed])).not.toThrow();
    expect([seen, messages(failures)]).toEqual([['neighbour'], ['in a scope']]);
  });
});
