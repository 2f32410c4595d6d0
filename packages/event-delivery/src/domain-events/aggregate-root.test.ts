import { describe, expect, test } from 'vitest';
import { AggregateRoot } from './aggregate-root.ts';
import type { AggregateEvent } from './domain-event.ts';

interface Renamed extends AggregateEvent<'product.renamed', 'product'> {
  to: string;
  tags: string[];
}

const now = new Date('2026-01-02T03:04:05Z');
const moment = () => ({ now: new Date(now), newId: () => 'event-1' });
const aProduct = () => new AggregateRoot<Renamed>({ kind: 'product', id: 'p1', version: 7 });

function renamed(root: AggregateRoot<Renamed>, to: string): Renamed {
  return { name: 'product.renamed', ...root.stamp(moment()), to, tags: ['x'] };
}

describe('recorded events', () => {
  test('are kept in order, looked at as often as needed and taken once', () => {
    const root = aProduct();
    root.record(renamed(root, 'a'));
    root.record(renamed(root, 'b'));
    expect(root.events.map(({ to }) => to)).toEqual(['a', 'b']);
    expect(root.events).toHaveLength(2);
    expect(root.takeEvents().map(({ to }) => to)).toEqual(['a', 'b']);
    expect([root.events, root.takeEvents()]).toEqual([[], []]);
  });

  test('do not grow once they are taken', () => {
    const root = aProduct();
    root.record(renamed(root, 'a'));
    const taken = root.takeEvents();
    root.record(renamed(root, 'b'));
    expect(taken.map(({ to }) => to)).toEqual(['a']);
    expect(root.takeEvents().map(({ to }) => to)).toEqual(['b']);
  });

  test.each([
    ['itself', (event: Renamed) => (event.to = 'c')],
    ['a list in it', (event: Renamed) => event.tags.push('y')],
    ['its source', (event: Renamed) => Object.assign(event.source, { version: 99 })],
    ['its time', (event: Renamed) => event.occurredAt.setFullYear(1999)],
  ])('cannot be changed any more: %s', (_, change) => {
    const root = aProduct();
    const event = renamed(root, 'a');
    root.record(event);
    root.record(() => renamed(root, 'a'));
    for (const each of [event, ...root.events]) expect(() => change(each)).toThrow(TypeError);
    expect(root.takeEvents()).toEqual([renamed(root, 'a'), renamed(root, 'a')]);
  });
});

describe('an event that is made later', () => {
  test('is made when it is first looked at, once, in its place', () => {
    const root = aProduct();
    let name = 'not yet';
    let made = 0;
    root.record(renamed(root, 'first'));
    root.record(() => renamed(root, `${name} ${++made}`));
    root.record(renamed(root, 'last'));
    name = 'by then';
    expect(root.events.map(({ to }) => to)).toEqual(['first', 'by then 1', 'last']);
    expect(root.events[1]).toBe(root.events[1]);
    expect(root.takeEvents().map(({ to }) => to)).toEqual(['first', 'by then 1', 'last']);
    expect(made).toBe(1);
  });

  test('may record another behind it', () => {
    const root = aProduct();
    root.record(() => {
      root.record(() => renamed(root, 'behind'));
      return renamed(root, 'before');
    });
    expect(root.takeEvents().map(({ to }) => to)).toEqual(['before', 'behind']);
  });

  test('whose making throws is lost no more than the others are, and made at the next look', () => {
    const root = aProduct();
    let fails = true;
    root.record(renamed(root, 'first'));
    root.record(() => {
      if (fails) throw new Error('not yet');
      return renamed(root, 'made');
    });
    root.record(renamed(root, 'last'));
    expect(() => root.takeEvents()).toThrow('not yet');
    fails = false;
    expect(root.takeEvents().map(({ to }) => to)).toEqual(['first', 'made', 'last']);
  });
});

test('an event says where it comes from, with the version that it made', () => {
  const root = aProduct();
  const before = root.stamp(moment());
  expect(root.raiseVersion()).toBe(8);
  expect(root.stamp(moment())).toEqual({
    id: 'event-1',
    occurredAt: now,
    source: { kind: 'product', id: 'p1', version: 8 },
  });
  expect(before.source.version).toBe(7);
  expect([root.kind, root.id, root.version]).toEqual(['product', 'p1', 8]);
});

test('an aggregate without a version of its own has none to raise', () => {
  const root = new AggregateRoot({ kind: 'pair', id: 'a b' });
  expect(root.stamp(moment()).source).toEqual({ kind: 'pair', id: 'a b' });
  expect(() => root.raiseVersion()).toThrow(TypeError);
});
