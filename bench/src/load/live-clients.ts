import { WebSocket } from 'ws';
import { answerQuestions } from '../processes/helper-process.ts';
import { startWallClock } from '../processes/wall-clock.ts';
import { keepPace } from './keep-pace.ts';
import { type Watcher, watchOverWebSocket } from './watch-over-websocket.ts';

const ALL_SOCKETS_WITHIN_MS = 60_000;
const SOCKETS_AT_ONCE = 20;

/** What each client was sent, in the order of arrival. */
export interface Seen {
  /** Which client, by its index. */
  readonly clients: number[];
  readonly revisions: number[];
  /** The number in the remark "change <number>". */
  readonly changes: number[];
  /** Wall clock, ms. */
  readonly atMs: number[];
  readonly frameBytes: number;
}

let clock = startWallClock();
let seen: Seen = { clients: [], revisions: [], changes: [], atMs: [], frameBytes: 0 };
const watchers: Watcher[] = [];

function note(text: string, client: number): void {
  seen.atMs.push(clock());
  seen.clients.push(client);
  seen.revisions.push(Number(/"revision":(\d+)/.exec(text)?.[1]));
  seen.changes.push(Number(/"change (\d+)"/.exec(text)?.[1]));
  seen = { ...seen, frameBytes: text.length };
}

answerQuestions({
  /** One socket each for many people; answers when all are served. */
  async watch({ url, query, tokens }: { url: string; query: string; tokens: string[] }) {
    const deadline = AbortSignal.timeout(ALL_SOCKETS_WITHIN_MS);
    for (let from = 0; from < tokens.length; from += SOCKETS_AT_ONCE) {
      deadline.throwIfAborted();
      const batch = tokens.slice(from, from + SOCKETS_AT_ONCE);
      const opened = batch.map((token, place) =>
        watchOverWebSocket(from + place, { url, query, authorization: `Bearer ${token}` }, note),
      );
      watchers.push(...(await Promise.all(opened)));
    }
    clock = startWallClock();
  },
  /** Round trips of as many bytes to a server that sends back what it gets, in ms. */
  async echo({ url, bytes, perSecond, seconds }: { url: string; bytes: number; perSecond: number; seconds: number }) {
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const message = 'x'.repeat(bytes);
    const sentAt: number[] = [];
    const took: number[] = [];
    const all = Promise.withResolvers<void>();
    socket.on('message', () => {
      took.push(performance.now() - sentAt[took.length]!);
      if (took.length === perSecond * seconds) all.resolve();
    });
    await keepPace(perSecond, seconds, () => {
      sentAt.push(performance.now());
      socket.send(message);
    });
    await all.promise;
    socket.terminate();
    return took;
  },
  count: () => seen.revisions.length,
  seen: () => seen,
});
