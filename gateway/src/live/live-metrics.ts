import { Counter, Gauge, Histogram } from '@prometheus-io/client';

interface OpenList {
  readonly queued: number;
  readonly live: boolean;
}

const openLists = new Set<OpenList>();

/** Counts a subscriber in until `stop()`. */
export function countSubscriber(list: OpenList): { stop(): void } {
  openLists.add(list);
  return { stop: () => void openLists.delete(list) };
}

new Gauge({
  name: 'kith_live_subscribers',
  help: 'Live friend lists that are open now.',
  collect() {
    this.set(openLists.size);
  },
});

new Gauge({
  name: 'kith_live_queued_changes',
  help: 'Announced changes that wait for their readers, over all live friend lists.',
  collect() {
    let queued = 0;
    for (const list of openLists) queued += list.queued;
    this.set(queued);
  },
});

new Gauge({
  name: 'kith_live_catching_up',
  help: 'Live friend lists that are not live now: the store is asked for what they have missed.',
  collect() {
    let behind = 0;
    for (const list of openLists) if (!list.live) behind += 1;
    this.set(behind);
  },
});

export const watchedLists = new Gauge({
  name: 'kith_live_watched_lists',
  help: 'Lists that somebody watches: one subscription at the broker each.',
});

export const catchUps = new Counter({
  name: 'kith_live_catch_ups_total',
  help: 'Times the store was asked for changes, by reason.',
  labelNames: ['reason'],
});

export const holesFound = new Counter({
  name: 'kith_live_holes_found_total',
  help: 'Announcements that came before the one they follow.',
});

export const malformedAnnouncements = new Counter({
  name: 'kith_live_malformed_announcements_total',
  help: 'Announcements that could not be read and were dropped.',
});

export const polledLists = new Counter({
  name: 'kith_live_polled_lists_total',
  help: 'Watched lists whose revision was asked for, to find announcements that were lost.',
});

export const pollFailures = new Counter({
  name: 'kith_live_poll_failures_total',
  help: 'Polls of the watched revisions that were not answered.',
});

export const commitToSocket = new Histogram({
  name: 'kith_live_commit_to_socket_seconds',
  help: 'From the moment a change happened until its frame was handed to the socket, for changes that were announced.',
  buckets: [0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 5, 10],
});

export const connectionsClosed = new Counter({
  name: 'kith_connections_closed_total',
  help: 'WebSockets that ended, by the close code.',
  labelNames: ['code'],
});

export const streamsClosed = new Counter({
  name: 'kith_event_streams_closed_total',
  help: 'Streams of server-sent events that ended: LEFT and COMPLETED by their clients or operations, NOT_READ and RESTART by this gateway.',
  labelNames: ['reason'],
});
