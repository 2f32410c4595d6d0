/**
 * How long presence may be untrue, in ms: the terms of the bounds that docs/presence.md states. Each is here once.
 */

/** A gateway tells the store what has changed, and that it lives, once in so long. */
export const BEAT_MS = 1_000;
/** Whoever is back within so long after their last socket has closed was never away. */
export const GRACE_MS = 5_000;
/** After the last sign that its gateway had of the store a lease holds for so long. */
export const LEASE_MS = 5_000;
/** A socket whose other side says nothing for so long is nobody's, until it says something. */
export const SILENT_MS = 7_000;
/** Leases that hold no longer are looked for once in so long, and those in them have been seen last when they ended. */
export const SWEEP_MS = 2_000;
