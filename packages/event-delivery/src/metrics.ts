/** The light entry `@kith/event-delivery/metrics`: tells a Prometheus client what event delivery measures. */
export {
  type MetricsClient,
  MetricsNotReported,
  type MetricsOptions,
  reportMetrics,
} from './observe/report-metrics.ts';
