import { describe, expect, test } from 'vitest';
import type { DomainEvent } from './domain-event.ts';
import { type BusFailure, createEventBus } from './event-bus.ts';
import { createExecutor, ExecutorFull } from './executor.ts';

interface Renamed extends DomainEvent<'renamed'> {
  readonly to: string;
}
interface Removed extends DomainEvent<'removed'> {}
type Event = Renamed | Removed;

const renamed = (to: string): Renamed => ({ name: 'renamed', id: to, occurredAt: new Date(0), to });
const removed: Removed = { name: 'removed', id: '1', occurredAt: new Date(0) };

function createBus() {
  const failures: BusFailure<Event>[] = [];
  return { failures, bus: createEventBus<Event>({ onFailure: (failure) => failures.push(failure) }) };
}

describe('dispatch', () => {
  test('calls synchronous handlers before it returns, by name and by predicate', () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.on('renamed', (event) => void seen.push(`name ${event.to}`));
    bus.on(
      (event) => event.id === '1',
      (event) => void seen.push(`predicate ${event.name}`),
    );
    bus.dispatch([renamed('a'), removed]);
    expect(seen).toEqual(['name a', 'predicate removed']);
  });

  test('calls a handler no more once it is unregistered, even by a handler of the same event', () => {
    const { bus } = createBus();
    const seen: string[] = [];
    bus.on('removed', () => unregister());
    const unregister = bus.on('removed', () => void seen.push('second'));
    bus.dispatch([removed, removed]);
    expect(seen).toEqual(['second']);
  });

  test('reports whatever throws, and calls the neighbours all the same', async () => {
    const { bus, failures } = createBus();
    const seen: string[] = [];
    bus.on(
      () => {
        throw new Error('predicate');
      },
      () => undefined,
    );
    bus.on('removed', () => {
      throw new Error('synchronous');
    });
    bus.on('removed', () => Promise.reject(new Error('asynchronous')));
    bus.on('removed', () => void seen.push('neighbour'));
    expect(() => bus.dispatch([removed])).not.toThrow();
    await bus.drain();
    expect(seen).toEqual(['neighbour']);
    expect(failures.map(({ error }) => (error as Error).message).sort()).toEqual([
      'asynchronous',
      'predicate',
      'synchronous',
    ]);
  });

  test('survives a failure report that throws itself', async () => {
    const bus = createEventBus<Event>({
      onFailure: () => {
        throw new Error('report');
      },
    });
    const full = createExecutor({ concurrency: 1, maxQueued: 0 });
    bus.on('removed', () => Promise.reject(new Error('handler')));
    bus.on('removed', () => new Promise((resolve) => setTimeout(resolve, 5)), full);
    expect(() => bus.dispatch([removed, removed])).not.toThrow();
    await bus.drain();
  });
});

describe('an executor', () => {
  test('runs at most its concurrency at once, in order, and refuses what does not fit its queue', async () => {
    const { bus, failures } = createBus();
    const executor = createExecutor({ concurrency: 2, maxQueued: 1 });
    const started: string[] = [];
    const gates: (() => void)[] = [];
    let running = 0;
    let most = 0;
    bus.on(
      'renamed',
      async (event) => {
        started.push(event.to);
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running -= 1;
      },
      executor,
    );
    bus.dispatch(['a', 'b', 'c', 'd'].map(renamed));
    expect(started).toEqual(['a', 'b']);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject({ event: { to: 'd' }, error: expect.any(ExecutorFull) });
    gates[0]!();
    await expect.poll(() => started).toEqual(['a', 'b', 'c']);
    gates[1]!();
    gates[2]!();
    await bus.drain();
    expect({ running, most }).toEqual({ running: 0, most: 2 });
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
});

describe('drain', () => {
  test('waits for running handlers and for the executor of one that was unregistered', async () => {
    const { bus } = createBus();
    const executor = createExecutor({ concurrency: 1, maxQueued: 10 });
    const seen: string[] = [];
    const later = (word: string) => new Promise<void>((resolve) => setTimeout(() => resolve(void seen.push(word)), 5));
    bus.on('removed', () => later('synchronous handler'));
    const unregister = bus.on('removed', () => later('job'), executor);
    bus.dispatch([removed, removed]);
    unregister();
    await bus.drain();
    expect(seen.sort()).toEqual(['job', 'job', 'synchronous handler', 'synchronous handler']);
  });
});
