import { setTimeout as sleep } from 'node:timers/promises';
import { liveList } from '@kith/event-contracts';
import { natsOptions } from '@kith/event-delivery';
import { connect, type NatsConnection } from 'nats';
import { revisionIn, watchLeanly } from '../load/watch-leanly.ts';
import { answerQuestions } from '../processes/helper-process.ts';

const SOCKETS_AT_ONCE = 20;
const WITHIN_MS = 60_000;

export interface SharedList {
  readonly kind: string;
  readonly owner: string;
  /** What revisions count in. */
  readonly timeline: string;
}

let nc: NatsConnection;
/** By client, the revision that has arrived last. */
const arrived: number[] = [];
const watchers: { close(): void }[] = [];
let announced = 0;
/** How many clients have the change that was announced last. */
let served = 0;
let everybodyHasIt = () => {};

function arrive(frame: Buffer, client: number): void {
  const revision = revisionIn(frame);
  if (revision !== arrived[client]! + 1) {
    process.stderr.write(`A client saw revision ${revision} when it was due ${arrived[client]! + 1}.\n`);
    process.exit(1);
  }
  arrived[client] = revision;
  served += 1;
  if (served === watchers.length) everybodyHasIt();
}

/** Resolves when each client has the change, with how long that took, in ms. */
async function announce({ kind, owner, timeline }: SharedList): Promise<number> {
  const everybody = Promise.withResolvers<void>();
  everybodyHasIt = everybody.resolve;
  served = 0;
  announced += 1;
  const occurredAt = new Date().toISOString();
  const change = {
    ...{ __typename: 'TaskAdded', cursor: String(announced), revision: announced, occurredAt },
    task: { __typename: 'Task', id: `task-${announced}`, title: 'Bring the boards to the harbour', done: false },
  };
  const deadline = setTimeout(
    () => everybody.reject(new Error(`Only ${served} of ${watchers.length} clients have change ${announced}.`)),
    WITHIN_MS,
  );
  const publishedAt = performance.now();
  nc.publish(
    liveList(kind, owner),
    JSON.stringify({ v: 2, kind, owner, timeline, revision: announced, occurredAt, change }),
  );
  await everybody.promise.finally(() => clearTimeout(deadline));
  return performance.now() - publishedAt;
}

answerQuestions({
  async connect({ natsUrl }: { natsUrl: string }) {
    nc = await connect(natsOptions(natsUrl));
  },
  /** One more socket for each of these tokens; answers when all are served. */
  async watch({ tokens, ...at }: { url: string; query: string; tokens: string[] }) {
    for (let from = 0; from < tokens.length; from += SOCKETS_AT_ONCE) {
      const opened = tokens.slice(from, from + SOCKETS_AT_ONCE).map((token) => {
        // They begin with a snapshot of what is there: nothing, however much was announced.
        const client = arrived.push(announced) - 1;
        return watchLeanly({ ...at, token }, (frame) => arrive(frame, client));
      });
      watchers.push(...(await Promise.all(opened)));
    }
  },
  /** Announces so many changes, each when all clients have the one before; how long each took, in ms. */
  async announce({ count, list }: { count: number; list: SharedList }) {
    const tookMs: number[] = [];
    for (let each = 0; each < count; each += 1) {
      tookMs.push(await announce(list));
      // Frames of a socket that are not this list's, such as pings, are answered.
      await sleep(0);
    }
    return tookMs;
  },
});
