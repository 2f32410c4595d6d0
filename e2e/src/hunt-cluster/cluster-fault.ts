/** One way to break a cluster (fault injection). */
export interface ClusterFault {
  readonly name: string;
  /** Two faults at once are never of the same part. */
  readonly part: 'NATS' | 'Redis' | 'Postgres' | 'processes';
  /** What operators do on purpose: no client may see an error. */
  readonly planned?: true;
  /** There is a goal for how long it takes, where nothing else is broken. */
  readonly judgedAlone?: true;
  /**
   * Resolves when the fault is over; or, while it is not, to what mends it in the end, which resolves when all is whole
   * again. Until then the others have to do without.
   *
   * @param found is told what should not have happened by the way
   */
  break(found: (what: string) => void): Promise<void | (() => Promise<void>)>;
}

/** All that a cluster needs to be called whole again, however busy the machine. */
export const WHOLE_AGAIN = { withinMs: 150_000, everyMs: 100 };
