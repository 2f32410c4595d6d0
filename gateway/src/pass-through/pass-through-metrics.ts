import { Counter, Gauge } from '@prometheus-io/client';

interface Open {
  readonly subgraph: string;
}

const openNow = new Set<Open>();

/** Counts a subscription in until `stop()`. */
export function countPassedThrough(subscription: Open): { stop(): void } {
  openNow.add(subscription);
  return { stop: () => void openNow.delete(subscription) };
}

new Gauge({
  name: 'kith_plain_subscriptions',
  help: 'Subscriptions that are no live lists, and are open now, by the service that they come from.',
  labelNames: ['service'],
  collect() {
    this.reset();
    for (const { subgraph } of openNow) this.inc({ service: subgraph });
  },
});

export const eventsPassed = new Counter({
  name: 'kith_plain_subscription_events_total',
  help: 'Events of subscriptions that are no live lists, as they came from services.',
  labelNames: ['service'],
});

export const streamsLost = new Counter({
  name: 'kith_plain_subscription_losses_total',
  help: 'Times the stream behind a subscription that is no live list broke, or could not be opened, and was tried again.',
  labelNames: ['service'],
});

export type EndOfPassing = 'COMPLETED' | 'REFUSED' | 'LOST' | 'LEFT' | 'SESSION' | 'REPLACED' | 'FAILED';

export const passingEnded = new Counter({
  name: 'kith_plain_subscriptions_ended_total',
  help: 'Subscriptions that are no live lists and ended: COMPLETED, REFUSED or LOST by their service, LEFT by their client, with their SESSION, REPLACED by another supergraph, FAILED here.',
  labelNames: ['service', 'reason'],
});
