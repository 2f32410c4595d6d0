export { LeaseHolder } from './hold-lease.ts';
export { applyToLease, holds, type Lease, whoIsHere } from './lease.ts';
export {
  type LeaseAnswer,
  type LeaseMessage,
  leaseAnswerSchema,
  leaseMessageSchema,
  leaseSubject,
  liveLeaseAnswer,
  MOST_PEOPLE_AT_ONCE,
} from './lease-messages.ts';
export { BEAT_MS, GRACE_MS, LEASE_MS, SILENT_MS, SWEEP_MS } from './presence-times.ts';
