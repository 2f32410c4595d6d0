import { setTimeout as sleep } from 'node:timers/promises';
import { liveFriendList } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import { connect, type NatsConnection } from 'nats';
import { answerQuestions } from '../processes/helper-process.ts';
import { keepPace } from './keep-pace.ts';
import { revisionIn, watchLeanly } from './watch-leanly.ts';

const SOCKETS_AT_ONCE = 20;
const WITHIN_MS = 30_000;

let nc: NatsConnection;
let owners: readonly string[] = [];
/** Whose gateway hears them: undefined for servers that send on the change as it comes. */
let timeline: string | undefined;
let watchers: { close(): void }[] = [];
let published = 0;
let received = 0;
let publishedAt: number[][] = [];
/** By client, the revision that was announced last, and the one that has arrived last. */
let announced: number[] = [];
let arrived: number[] = [];
let onArrival: (client: number, revision: number) => void = () => {};

function announce(): void {
  const client = published % owners.length;
  published += 1;
  announced[client]! += 1;
  publishedAt[client]!.push(performance.now());
  nc.publish(liveFriendList(owners[client]!), announcement(owners[client]!, announced[client]!));
}

function arrive(bytes: Buffer, client: number): void {
  const revision = revisionIn(bytes);
  if (revision !== arrived[client]! + 1) {
    process.stderr.write(`A client saw revision ${revision} when it was due ${arrived[client]! + 1}.\n`);
    process.exit(1);
  }
  arrived[client] = revision;
  received += 1;
  onArrival(client, revision);
}

async function allArrived(): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (received < published) {
    if (performance.now() > deadline) throw new Error(`Only ${received} of ${published} changes arrived.`);
    await sleep(5);
  }
}

answerQuestions({
  async connect({ natsUrl }: { natsUrl: string }) {
    nc = await connect(natsOptions(natsUrl));
  },
  /** One socket each for these people; answers when all are served. Closes those of before. */
  async watch(input: { url: string; query: string; owners: string[]; tokens: string[]; timeline?: string }) {
    for (const watcher of watchers) watcher.close();
    watchers = [];
    owners = input.owners;
    timeline = input.timeline;
    [published, received] = [0, 0];
    publishedAt = owners.map(() => []);
    announced = owners.map(() => 0);
    arrived = owners.map(() => 0);
    for (let from = 0; from < owners.length; from += SOCKETS_AT_ONCE) {
      const opened = input.tokens
        .slice(from, from + SOCKETS_AT_ONCE)
        .map((token, place) => watchLeanly({ ...input, token }, (frame) => arrive(frame, from + place)));
      watchers.push(...(await Promise.all(opened)));
    }
  },
  /** Announces a change for one after the other, so many on their way at once; how many a second have arrived. */
  async pushFast({ seconds, onTheirWay }: { seconds: number; onTheirWay: number }) {
    const [startedAt, before] = [performance.now(), received];
    const until = startedAt + seconds * 1000;
    // All that have arrived meanwhile in one go: each for itself would cost more than its arrival.
    let due = 0;
    const announceDue = () => {
      for (; due > 0 && performance.now() < until; due--) announce();
      due = 0;
    };
    onArrival = () => {
      if (due === 0) setTimeout(announceDue, 1);
      due += 1;
    };
    for (let index = 0; index < onTheirWay; index++) announce();
    await sleep(seconds * 1000);
    const perSecond = (received - before) / ((performance.now() - startedAt) / 1000);
    onArrival = () => {};
    await allArrived();
    return { perSecond, count: received - before };
  },
  /** Announces so many changes a second; from publishing to arrival, in ms. */
  async pushAtPace({ perSecond, seconds }: { perSecond: number; seconds: number }) {
    const took: number[] = [];
    onArrival = (client, revision) => took.push(performance.now() - publishedAt[client]![revision - 1]!);
    await keepPace(perSecond, seconds, announce);
    await allArrived();
    onArrival = () => {};
    return took;
  },
});

/** As the friend service announces that a remark has changed (`LiveAnnouncement`), or the change alone. */
function announcement(owner: string, revision: number): string {
  const change = changeAt(revision);
  if (timeline === undefined) return change;
  return `{"v":2,"kind":"friend-list","owner":"${owner}","timeline":"${timeline}","revision":${revision},"occurredAt":"2026-03-01T10:00:00.000Z","change":${change}}`;
}

function changeAt(revision: number): string {
  return `{"__typename":"FriendChanged","cursor":"eyJ2IjoxLCJ0IjoiMDFhMjAxOTUtYjhjYS03MjgzIiwibyI6IjAxYTIwMTk1LWI4Y2EtNzI4MyIsInIiOjF9","revision":${revision},"occurredAt":"2026-03-01T10:00:00.000Z","friend":{"__typename":"Friend","user":{"__typename":"User","id":"01a20195-b8ca-7283-b8f5-c52b7994dcc9","nickname":"Benjamin the Brave","avatarUrl":"https://images.example/avatars/01a20195b8ca7283b8f5.webp"},"remark":"Ben from next door","displayName":"Ben from next door","pinned":false,"tags":["chess","neighbours"],"since":"2026-03-01T10:00:00.000Z"}}`;
}
