/** A recording rule of Prometheus, `level:what:how`. */
export interface Recorded {
  readonly record: string;
  readonly expr: string;
}

/** An alert. Its runbook is the heading of its name in docs/runbooks/alerts.md. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  /** How long the condition has to hold. */
  readonly for: string;
  /** `page` wakes somebody up. */
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
}

/** Service level indicators, and metrics for an autoscaler. docs/slo.md has the objectives. */
export const RECORDED: readonly Recorded[] = [
  {
    record: 'kith:commit_to_socket_within_1s:ratio_rate5m',
    expr: 'sum(rate(kith_live_commit_to_socket_seconds_bucket{le="1"}[5m])) / sum(rate(kith_live_commit_to_socket_seconds_count[5m]))',
  },
  {
    record: 'kith:commit_to_socket_within_1s:ratio_rate1h',
    expr: 'sum(rate(kith_live_commit_to_socket_seconds_bucket{le="1"}[1h])) / sum(rate(kith_live_commit_to_socket_seconds_count[1h]))',
  },
  {
    record: 'kith:commit_to_socket:p99_rate5m',
    expr: 'histogram_quantile(0.99, sum by (le) (rate(kith_live_commit_to_socket_seconds_bucket[5m])))',
  },
  {
    record: 'kith:services_answer:ratio_avg5m',
    expr: '1 - avg(avg_over_time(kith_gateway_circuit_open[5m]))',
  },
  { record: 'kith:events_given_up:increase1h', expr: 'sum(increase(kith_consumer_dead_letters_total[1h]))' },
  {
    record: 'kith:gateway_fullness:ratio',
    expr: 'kith_gateway_operations_running / (kith_gateway_operations_may_run > 0)',
  },
];

export const ALERTS: readonly Alert[] = [
  {
    alert: 'KithPushesAreLate',
    expr: 'kith:commit_to_socket_within_1s:ratio_rate5m < 0.986 and kith:commit_to_socket_within_1s:ratio_rate1h < 0.986',
    for: '2m',
    severity: 'page',
    summary: 'Changes reach sockets late: the month’s budget is spent in two days.',
  },
  {
    alert: 'KithServiceDoesNotAnswer',
    expr: 'max by (service) (kith_gateway_circuit_open) > 0',
    for: '1m',
    severity: 'page',
    summary: 'Gateways get no answer from a service.',
  },
  {
    alert: 'KithOutboxIsStuck',
    expr: 'max by (job) (kith_outbox_oldest_age_seconds) > 60',
    for: '2m',
    severity: 'page',
    summary: 'An event has waited in the outbox for a minute.',
  },
  {
    alert: 'KithInvariantBroken',
    expr: 'sum by (invariant) (increase(kith_invariants_broken_total[10m])) > 0',
    for: '0m',
    severity: 'page',
    summary: 'Something that always holds did not, and an operation was stopped.',
  },
  {
    alert: 'KithEventsGivenUp',
    expr: 'kith:events_given_up:increase1h > 0',
    for: '0m',
    severity: 'ticket',
    summary: 'A consumer gave up on events.',
  },
  {
    alert: 'KithEventsSetAside',
    expr: 'sum by (source) (kith_outbox_set_aside) > 0',
    for: '5m',
    severity: 'ticket',
    summary: 'Events that no stream takes wait, and their owners’ later ones behind them.',
  },
  {
    alert: 'KithConsumerFallsBehind',
    expr: 'max by (stream, consumer) (kith_consumer_lag) > 10000 and max by (stream, consumer) (deriv(kith_consumer_lag[10m])) > 0',
    for: '10m',
    severity: 'ticket',
    summary: 'A consumer has 10,000 events before it, and more by the minute.',
  },
  {
    alert: 'KithEventsPublishedAgain',
    expr: 'sum by (source, reason) (increase(kith_outbox_republished_total[15m])) > 0',
    for: '0m',
    severity: 'ticket',
    summary: 'A stream had lost events, and they were published again.',
  },
  {
    alert: 'KithGatewaysShedWork',
    expr: 'sum(rate(kith_gateway_shed_total[5m])) > 1',
    for: '5m',
    severity: 'page',
    summary: 'More is asked than gateways can answer in time.',
  },
  {
    alert: 'KithWebhooksGivenUp',
    expr: 'sum(increase(kith_webhook_dead_total[1h])) > 0',
    for: '0m',
    severity: 'ticket',
    summary: 'Deliveries to webhook endpoints were given up.',
  },
  {
    alert: 'KithProcessIsAway',
    expr: 'up{job=~"kith.*"} == 0',
    for: '2m',
    severity: 'page',
    summary: 'A process does not answer for its metrics.',
  },
];
