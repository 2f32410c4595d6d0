import { transactionsWith } from '@kith/event-delivery';

// Left to itself, Postgres takes a plan for arrays of unknown length to be dearer than a plan for these arrays, and so
// plans every statement at every call: that was more than half of a commit's CPU time.
const PLAN_ONCE = 'SET LOCAL plan_cache_mode = force_generic_plan';

/** The toolkit's `inTransaction`, as this service wants its own. No call over the network belongs into the work. */
export const inTransaction = transactionsWith({ settings: PLAN_ONCE, maxTries: 5 });
