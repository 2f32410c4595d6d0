import assert from 'node:assert/strict';
import type { RecordsEvents } from '../domain-events/aggregate-root.ts';
import type { AggregateEvent } from '../domain-events/domain-event.ts';

/** An event by its name, or by some of what it tells. */
export type ExpectedEvent<Event extends AggregateEvent> =
  | Event['name']
  | (Event extends unknown ? { readonly name: Event['name'] } & { readonly [Key in keyof Event]?: unknown } : never);

type EventOf<Aggregate> = Aggregate extends RecordsEvents<infer Event> ? Event : never;

export interface When<Aggregate extends RecordsEvents<AggregateEvent>> {
  /** Runs the command; a refusal is kept for `thenRefused`. */
  when(command: (aggregate: Aggregate) => unknown): Then<Aggregate>;
}

/** Each throws node:assert's AssertionError when it is otherwise, whatever runs the tests. */
export interface Then<Aggregate extends RecordsEvents<AggregateEvent>> {
  /** Exactly these events, in this order; of each what is named here, however deep, and nothing about the rest. */
  thenRecorded(...expected: readonly ExpectedEvent<EventOf<Aggregate>>[]): Then<Aggregate>;
  /** The command was taken, and nothing was recorded. */
  thenNothing(): Then<Aggregate>;
  /** The command was refused with an error that has these properties (a code, say), and nothing was recorded. */
  thenRefused(expected: Readonly<Record<string, unknown>>): Then<Aggregate>;
  /** For whatever else is to be said of the aggregate. */
  thenState(check: (aggregate: Aggregate) => void): Then<Aggregate>;
}

/**
 * Given, when, then (Young's style for tests of aggregates): brings an aggregate where it is to begin by `commands`,
 * whose events are taken, so that what is recorded afterwards is what `when` did.
 */
export function given<Aggregate extends RecordsEvents<AggregateEvent>>(
  aggregate: Aggregate,
  ...commands: readonly ((aggregate: Aggregate) => unknown)[]
): When<Aggregate> {
  return {
    when(command) {
      for (const earlier of commands) earlier(aggregate);
      aggregate.takeEvents();
      try {
        command(aggregate);
      } catch (error) {
        return checks(aggregate, { error });
      }
      return checks(aggregate, undefined);
    },
  };
}

function checks<Aggregate extends RecordsEvents<AggregateEvent>>(
  aggregate: Aggregate,
  refusal: { readonly error: unknown } | undefined,
): Then<Aggregate> {
  const then: Then<Aggregate> = {
    thenRecorded(...expected) {
      wasTaken(refusal);
      const full = expected.map((each) => (typeof each === 'string' ? { name: each } : each));
      const shown = aggregate.events.map((event, at) => (at < full.length ? shownAs(event, full[at]) : event.name));
      assert.deepEqual(shown, full, 'other events were recorded than expected');
      return then;
    },
    thenNothing() {
      wasTaken(refusal);
      hasNoEvents(aggregate);
      return then;
    },
    thenRefused(expected) {
      assert.ok(refusal, 'the command was taken');
      assert.deepEqual(shownAs(refusal.error, expected), expected, 'it was refused otherwise than expected');
      hasNoEvents(aggregate);
      return then;
    },
    thenState(check) {
      check(aggregate);
      return then;
    },
  };
  return then;
}

function wasTaken(refusal: { readonly error: unknown } | undefined): void {
  // The refusal itself says best what happened.
  if (refusal) throw refusal.error;
}

function hasNoEvents({ events }: RecordsEvents<AggregateEvent>): void {
  assert.deepEqual(
    events.map(({ name }) => name),
    [],
    'something was recorded',
  );
}

/** Of `actual` what `expected` speaks of, so that the comparison shows the difference and nothing else. */
function shownAs(actual: unknown, expected: unknown): unknown {
  if (!isRecord(actual) || !isRecord(expected)) return actual;
  return Object.fromEntries(
    Object.keys(expected).map((key) => [key, shownAs((actual as Record<string, unknown>)[key], expected[key])]),
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return !(value instanceof Date || value instanceof Map || value instanceof Set);
}
