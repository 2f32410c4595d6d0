import { Counter } from '@prometheus-io/client';

const broken = new Counter({
  name: 'kith_invariants_broken_total',
  help: 'Operations that were stopped because something that always holds did not, by its number.',
  labelNames: ['invariant'],
});

/**
 * Something that always holds does not: a mistake of ours, or data that was changed behind our back. It stops the
 * operation that has seen it, and no process: clients are told INTERNAL_SERVER_ERROR, the log has the sentence.
 */
export class InvariantBroken extends Error {
  readonly code = 'INVARIANT_BROKEN';
  /** Its number in docs/live-lists.md, as `S7`; of one that has none, `other`. */
  readonly invariant: string;
  /** What was there instead. */
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
 * @param holds what does: `each list has one revision more for each of its events (S7)`
 * @param seen what the log is to have besides; asked for only when it is broken
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

/** The value, of which the types say that it may be missing, and which never is: else throws InvariantBroken. */
export function present<Value>(value: Value, holds: string): NonNullable<Value> {
  invariant(value !== undefined && value !== null, holds);
  return value as NonNullable<Value>;
}
