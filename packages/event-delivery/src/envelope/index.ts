/**
 * The light entry `@kith/event-delivery/envelope`: what whoever writes down contracts needs, without Postgres, NATS or
 * metrics.
 */
export {
  type Envelope,
  type EnvelopeOf,
  type EventToWrite,
  readData,
  readEnvelope,
  splitType,
  UnreadableEvent,
  writeEnvelope,
} from './envelope.ts';
export {
  type Contracts,
  type DataOf,
  defineEvent,
  defineFamily,
  type EventContract,
  type EventFamily,
  type EventVersion,
  FamilyNotValid,
} from './event-contract.ts';
export * from './stream-name.ts';
