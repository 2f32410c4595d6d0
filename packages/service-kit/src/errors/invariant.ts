import { Counter } from '@prometheus-io/client';

const broken = new Counter({
  name: 'kith_invariants_broken_total',
  help: 'Operations that were stopped because something that always holds did not, by its number.',
  labelNames: ['invariant'],
});

/**
 * A broken invariant: a bug of ours, or data that was changed behind our back. It stops the operation, not the process:
 * clients get INTERNAL_SERVER_ERROR, and the log gets the sentence.
 */
export class InvariantBroken extends Error {
  readonly code = 'INVARIANT_BROKEN';
  /** Its number in docs/live-lists.md, as `S7`; `other` without a number. */
  readonly invariant: string;
  /** What was found instead. */
  readonly seen: Readonly<Record<string, unknown>>;

  constructor(holds: string, seen: Readonly<Record<string, unknown>>) {
    super(`It does not hold that ${holds}: ${JSON.stringify(seen)}`);
    this.name = 'InvariantBroken';
    this.invariant = /\((S\d+)\)$/.exec(holds)?.[1] ?? 'other';
    this.seen = seen;
  }
}

/**
 * Assertion (design by contract): throws InvariantBroken unless the condition is true, in production as in tests.
 * @param holds the invariant as a sentence: `each list has one revision more for each of its events (S7)`
 * @param seen more for the log; called only when the invariant is broken
 */
export function invariant(
  condition: boolean,
  holds: string,
  seen?: () => Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return;
  const error = new InvariantBroken(holds, seen?.() ?? {});
  broken.inc({ invariant: error.invariant });
  throw error;
}

/** Asserts that a value which the types call optional is there; throws InvariantBroken otherwise. */
export function present<Value>(value: Value, holds: string): NonNullable<Value> {
  invariant(value !== undefined && value !== null, holds);
  return value as NonNullable<Value>;
}
