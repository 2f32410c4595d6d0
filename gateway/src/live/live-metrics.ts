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
  help: 'Live lists that are open now.',
  collect() {
    this.set(openLists.size);
  },
});

new Gauge({
  name: 'kith_live_queued_changes',
  help: 'Announced changes that wait for their readers, over all live lists.',
  collect() {
    let queued = 0;
    for (const list of openLists) queued += list.queued;
    this.set(queued);
  },
});

new Gauge({
  name: 'kith_live_catching_up',
  help: 'Live lists that are not live now: the store is asked for what they have missed.',
  collect() {
    let behind = 0;
    for (const list of openLists) if (!list.live) behind += 1;
    this.set(behind);
  },
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

let projected = 0;

/** A plain number on the path of every change, from which the counter is made when somebody asks for it. */
export function countProjection(): void {
  projected += 1;
}

new Counter({
  name: 'kith_live_projections_total',
  help: 'Results made of changes without asking a service: one for all over WebSocket who watch by the same document.',
  collect() {
    this.reset();
    this.inc(projected);
  },
});

export const commitToSocket = new Histogram({
  name: 'kith_live_commit_to_socket_seconds',
  help: 'From the moment a change happened until its frame was handed to the socket, for changes that were announced.',
  buckets: [0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 5, 10],
});
