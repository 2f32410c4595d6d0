import { AssertionError } from 'node:assert';
import { expect, test } from 'vitest';
import { AggregateRoot, type RecordsEvents } from '../domain-events/aggregate-root.ts';
import type { AggregateEvent } from '../domain-events/domain-event.ts';
import { given } from './given-when-then.ts';

type DoorEvent =
  | (AggregateEvent<'door.opened', 'door'> & { readonly by: { readonly name: string; readonly tags: string[] } })
  | AggregateEvent<'door.closed', 'door'>;

const now = new Date('2026-01-02T03:04:05Z');

class Door implements RecordsEvents<DoorEvent> {
  readonly #root = new AggregateRoot<DoorEvent>({ kind: 'door', id: 'd1', version: 0 });
  open = false;

  get events() {
    return this.#root.events;
  }

  takeEvents() {
    return this.#root.takeEvents();
  }

  pull(name: string): void {
    if (this.open)
      throw Object.assign(new Error('It is open.'), { code: 'OPEN_ALREADY', door: { id: 'd1', by: name } });
    this.open = true;
    this.#root.raiseVersion();
    this.#root.record({
      name: 'door.opened',
      ...this.#root.stamp({ now, newId: () => 'e1' }),
      by: { name, tags: ['x'] },
    });
  }

  push(): void {
    if (!this.open) return;
    this.open = false;
    this.#root.raiseVersion();
    this.#root.record({ name: 'door.closed', ...this.#root.stamp({ now, newId: () => 'e2' }) });
  }
}

const pulled = () => given(new Door()).when((door) => door.pull('Ann'));

test('what was recorded is told by names, or by some of what the events tell', () => {
  pulled()
    .thenRecorded('door.opened')
    .thenRecorded({ name: 'door.opened', by: { name: 'Ann' } });
  pulled().thenRecorded({ name: 'door.opened', by: { tags: ['x'] }, occurredAt: now, source: { version: 1 } });
  given(new Door())
    .when((door) => {
      door.pull('Ann');
      door.push();
    })
    .thenRecorded('door.opened', 'door.closed')
    .thenState((door) => expect(door.open).toBe(false));
});

test('events of what was given are not those of what is tested', () => {
  given(new Door(), (door) => door.pull('Ann'))
    .when((door) => door.push())
    .thenRecorded({ name: 'door.closed', source: { version: 2 } });
});

test('a refusal is told by the properties of its error', () => {
  given(new Door(), (door) => door.pull('Ann'))
    .when((door) => door.pull('Bob'))
    .thenRefused({ code: 'OPEN_ALREADY', door: { by: 'Bob' } });
  given(new Door())
    .when((door) => door.push())
    .thenNothing();
});

test.each([
  ['another event', () => pulled().thenRecorded('door.closed')],
  ['one event less', () => pulled().thenRecorded()],
  ['one event more', () => pulled().thenRecorded('door.opened', 'door.closed')],
  ['another value, deep inside', () => pulled().thenRecorded({ name: 'door.opened', by: { name: 'Bob' } })],
  ['a shorter list', () => pulled().thenRecorded({ name: 'door.opened', by: { tags: [] } })],
  ['another time', () => pulled().thenRecorded({ name: 'door.opened', occurredAt: new Date(0) })],
  ['nothing', () => pulled().thenNothing()],
  ['a refusal', () => pulled().thenRefused({ code: 'OPEN_ALREADY' })],
  [
    'another refusal',
    () =>
      given(new Door(), (door) => door.pull('Ann'))
        .when((door) => door.pull('Bob'))
        .thenRefused({ code: 'LOCKED' }),
  ],
  [
    'a refusal before which nothing was recorded',
    () =>
      given(new Door())
        .when((door) => {
          door.pull('Ann');
          door.pull('Bob');
        })
        .thenRefused({ code: 'OPEN_ALREADY' }),
  ],
])('to expect %s fails when it is otherwise', (_, check) => {
  expect(check).toThrow(AssertionError);
});

test('a refusal that nobody expected is thrown as it is', () => {
  const refused = given(new Door(), (door) => door.pull('Ann')).when((door) => door.pull('Bob'));
  expect(() => refused.thenNothing()).toThrow('It is open.');
  expect(() => refused.thenRecorded('door.opened')).toThrow('It is open.');
});
