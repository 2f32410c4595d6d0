/**
 * The light entry `@kith/event-delivery/envelope`: what whoever writes down contracts needs, without Postgres, NATS or
 * metrics.
 */
export * from './envelope.ts';
export * from './event-contract.ts';
export * from './freeze-deeply.ts';
export * from './stream-name.ts';
