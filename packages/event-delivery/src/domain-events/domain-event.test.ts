import { expect, test } from 'vitest';
import { type DomainEvent, RecordedEvents } from './domain-event.ts';

interface Renamed extends DomainEvent<'renamed'> {
  to: string;
}
const renamed = (to: string): Renamed => ({ name: 'renamed', id: to, occurredAt: new Date(0), to });

test('recorded events are kept in order, looked at as often as needed and taken once', () => {
  const events = new RecordedEvents<Renamed>();
  events.record(renamed('a'));
  events.record(renamed('b'));
  expect(events.peek().map(({ to }) => to)).toEqual(['a', 'b']);
  expect(events.peek()).toHaveLength(2);
  expect(events.take().map(({ to }) => to)).toEqual(['a', 'b']);
  expect(events.take()).toEqual([]);
});

test('what was taken does not grow with what is recorded later', () => {
  const events = new RecordedEvents<Renamed>();
  events.record(renamed('a'));
  const taken = events.take();
  events.record(renamed('b'));
  expect(taken).toHaveLength(1);
});

test('a recorded event cannot be changed any more', () => {
  const events = new RecordedEvents<Renamed>();
  const event = renamed('a');
  events.record(event);
  expect(() => {
    event.to = 'b';
  }).toThrow(TypeError);
});

test('nor can anything that it holds', () => {
  const events = new RecordedEvents<DomainEvent & { tags: string[] }>();
  const event = { ...renamed('a'), tags: ['x'] };
  events.record(event);
  expect(() => event.tags.push('y')).toThrow(TypeError);
  expect(events.take()[0]?.tags).toEqual(['x']);
});
