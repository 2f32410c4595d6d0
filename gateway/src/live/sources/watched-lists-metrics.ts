import { Counter, Gauge } from '@prometheus-io/client';

export const watchedLists = new Gauge({
  name: 'kith_live_watched_lists',
  help: 'Lists that somebody watches: one subscription at the broker each.',
});

let parsed = 0;

/** A plain number on the path of every change, from which the counter is made when somebody asks for it. */
export function countParsed(): void {
  parsed += 1;
}

new Counter({
  name: 'kith_live_parsed_announcements_total',
  help: 'Announcements that were parsed: one for each change of a list, however many watch it.',
  collect() {
    this.reset();
    this.inc(parsed);
  },
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
