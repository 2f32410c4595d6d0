import { Counter } from '@prometheus-io/client';

export const attemptsMade = new Counter({
  name: 'kith_webhook_attempts_total',
  help: 'Requests to endpoints, by what came of them: delivered, failed, gone.',
  labelNames: ['outcome'],
});

export const deliveriesDead = new Counter({
  name: 'kith_webhook_dead_total',
  help: 'Deliveries that were given up: kith webhooks deliveries --state dead.',
});
