/** Unit tests that mock modules or load them anew, from the workspace's root: each runs in a process of its own. */
export const WITH_MODULES_OF_THEIR_OWN = [
  'packages/event-delivery/src/jetstream/apply-settings.test.ts',
  'packages/event-delivery/src/observe/report-metrics.test.ts',
];
