export interface Panel {
  readonly title: string;
  /** Each a line, with its legend. */
  readonly lines: readonly { readonly expr: string; readonly legend: string }[];
  /** Grafana's name of the unit. */
  readonly unit: 's' | 'ms' | 'short' | 'ops' | 'percentunit' | 'bytes';
}

export interface Dashboard {
  /** Of its file, and its address. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}[5m]))`;
const quantile = (share: number, metric: string, by = '') =>
  `histogram_quantile(${share}, sum by (le${by && `, ${by}`}) (rate(${metric}_bucket[5m])))`;
const panel = (title: string, unit: Panel['unit'], ...lines: [expr: string, legend: string][]): Panel => ({
  title,
  unit,
  lines: lines.map(([expr, legend]) => ({ expr, legend })),
});

export const DASHBOARDS: readonly Dashboard[] = [
  {
    name: 'kith-gateway',
    title: 'Kith: gateway',
    panels: [
      panel('Fullness', 'percentunit', ['kith:gateway_fullness:ratio', '{{instance}}']),
      panel('Shed', 'ops', [rate('kith_gateway_shed_total', 'by'), '{{by}}']),
      panel(
        'Commit to socket',
        's',
        ['kith:commit_to_socket:p99_rate5m', 'p99'],
        [quantile(0.5, 'kith_live_commit_to_socket_seconds'), 'p50'],
      ),
      panel('Loop delay', 'ms', ['kith_gateway_loop_delay_ms', '{{instance}}']),
      panel(
        'Live lists',
        'short',
        ['sum(kith_live_subscribers)', 'subscribers'],
        ['sum(kith_live_watched_lists)', 'watched lists'],
      ),
      panel(
        'Catching up',
        'short',
        ['sum(kith_live_catching_up)', 'lists'],
        ['sum(kith_live_queued_changes)', 'queued changes'],
      ),
      panel(
        'Work shared by watchers',
        'ops',
        ['sum(rate(kith_live_parsed_announcements_total[5m]))', 'announcements parsed'],
        ['sum(rate(kith_live_projections_total[5m]))', 'projections'],
      ),
      panel('Catch-ups', 'ops', [rate('kith_live_catch_ups_total', 'reason'), '{{reason}}']),
      panel('Plain subscriptions', 'short', ['sum by (service) (kith_plain_subscriptions)', '{{service}}']),
      panel(
        'Plain subscriptions: events, losses, ends',
        'ops',
        [rate('kith_plain_subscription_events_total', 'service'), '{{service}} events'],
        [rate('kith_plain_subscription_losses_total', 'service'), '{{service}} losses'],
        [rate('kith_plain_subscriptions_ended_total', 'reason'), 'ended: {{reason}}'],
      ),
      panel('Circuits', 'short', ['max by (service) (kith_gateway_circuit_open)', '{{service}}']),
      panel(
        'Closed connections',
        'ops',
        [rate('kith_connections_closed_total', 'code'), '{{code}}'],
        [rate('kith_event_streams_closed_total', 'reason'), '{{reason}}'],
      ),
      panel(
        'Documents',
        'ops',
        [rate('kith_planner_documents_total', 'job'), 'planned'],
        [rate('kith_plans_refused_total', 'reason'), 'refused: {{reason}}'],
      ),
    ],
  },
  {
    name: 'kith-services',
    title: 'Kith: services',
    panels: [
      panel('Processor', 'percentunit', ['rate(process_cpu_seconds_total{job=~"kith.*"}[5m])', '{{instance}}']),
      panel('Memory', 'bytes', ['process_resident_memory_bytes{job=~"kith.*"}', '{{instance}}']),
      panel(
        'Friendships',
        'ops',
        [rate('kith_friendships_begun_total', 'job'), 'begun'],
        [rate('kith_friendships_ended_total', 'job'), 'ended'],
        [rate('kith_people_blocked_total', 'job'), 'blocked'],
      ),
      panel(
        'Requests',
        'ops',
        [rate('kith_friend_requests_sent_total', 'job'), 'sent'],
        [rate('kith_friend_requests_closed_total', 'outcome'), '{{outcome}}'],
      ),
      panel(
        'Accounts',
        'ops',
        [rate('kith_accounts_registered_total', 'job'), 'registered'],
        [rate('kith_accounts_deleted_total', 'job'), 'deleted'],
        [rate('kith_passwords_changed_total', 'job'), 'new passwords'],
      ),
      panel('Invariants broken', 'short', [
        'sum by (invariant) (increase(kith_invariants_broken_total[1h]))',
        '{{invariant}}',
      ]),
      panel(
        'Webhooks',
        'ops',
        [rate('kith_webhook_attempts_total', 'outcome'), '{{outcome}}'],
        [rate('kith_webhook_dead_total', 'job'), 'given up'],
      ),
    ],
  },
  {
    name: 'kith-event-delivery',
    title: 'Kith: event delivery',
    panels: [
      panel('Outbox: oldest', 's', ['max by (job) (kith_outbox_oldest_age_seconds)', '{{job}}']),
      panel(
        'Outbox: waiting',
        'short',
        ['max by (job) (kith_outbox_unpublished)', '{{job}}'],
        ['sum by (source) (kith_outbox_set_aside)', 'set aside: {{source}}'],
      ),
      panel(
        'Published',
        'ops',
        [rate('kith_outbox_published_total', 'job'), '{{job}}'],
        [rate('kith_outbox_republished_total', 'reason'), 'again: {{reason}}'],
      ),
      panel('Change to published, p99', 's', [quantile(0.99, 'kith_outbox_publish_latency_seconds', 'job'), '{{job}}']),
      panel('Consumer lag', 'short', ['max by (stream, consumer) (kith_consumer_lag)', '{{stream}} {{consumer}}']),
      panel('Handler, p99', 's', [quantile(0.99, 'kith_consumer_handler_seconds', 'consumer'), '{{consumer}}']),
      panel('Age of events, p99', 's', [quantile(0.99, 'kith_consumer_event_age_seconds', 'consumer'), '{{consumer}}']),
      panel(
        'Tried again, cut off, given up',
        'ops',
        [rate('kith_consumer_retries_total', 'consumer'), 'again: {{consumer}}'],
        [rate('kith_consumer_handler_timeouts_total', 'consumer'), 'cut off: {{consumer}}'],
        [rate('kith_consumer_dead_letters_total', 'consumer, reason'), '{{consumer}}: {{reason}}'],
        [rate('kith_consumer_future_events_total', 'consumer'), 'from the future: {{consumer}}'],
      ),
    ],
  },
  {
    name: 'kith-stores',
    title: 'Kith: what its stores do to it',
    panels: [
      panel('Postgres and NATS: change to published, p99', 's', [
        quantile(0.99, 'kith_outbox_publish_latency_seconds'),
        'p99',
      ]),
      panel('Redis: views loaded anew', 'ops', [rate('kith_views_dropped_total', 'job'), '{{job}}']),
      panel(
        'NATS: lists that were polled',
        'ops',
        [rate('kith_live_polled_lists_total', 'job'), 'polled'],
        [rate('kith_live_holes_found_total', 'job'), 'holes'],
      ),
      panel(
        'Friend service: polls that failed',
        'ops',
        [rate('kith_live_poll_failures_total', 'job'), '{{job}}'],
        [rate('kith_live_malformed_announcements_total', 'job'), 'malformed announcements'],
      ),
      panel('Streams that had lost events', 'short', [
        'sum by (source, reason) (increase(kith_outbox_republished_total[1h]))',
        '{{source}}: {{reason}}',
      ]),
    ],
  },
];
