/**
 * The light entry `@kith/event-delivery/domain-events`: what a domain needs to record events and to hear of them,
 * without Postgres, NATS or metrics.
 */
export * from './aggregate-root.ts';
export * from './domain-event.ts';
export * from './event-bus.ts';
export * from './executor.ts';
export { type BusFailure, BusStopped } from './hand-over.ts';
export type {
  Handler,
  Participant,
  Selected,
  Selector,
  SubscriberOptions,
  Subscribing,
  Unregister,
} from './subscriptions.ts';
