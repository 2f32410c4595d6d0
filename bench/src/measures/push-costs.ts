import { setTimeout as sleep } from 'node:timers/promises';
import { type HelperProcess, startHelper } from '../processes/helper-process.ts';
import { readCpuTimeMs, readMemoryKb } from '../processes/read-process-costs.ts';

const SETTLE_MS = 1_500;

/** A server that pushes what is announced on NATS to those who subscribed over WebSocket. */
export interface PushServer {
  readonly pid: number;
  readonly url: string;
  readonly natsUrl: string;
  readonly query: string;
  /** Whose lists are watched, and what each client shows to watch theirs. */
  readonly owners: readonly string[];
  readonly tokens: readonly string[];
  /** What revisions count in, where announcements say so; undefined for a server that is told the change alone. */
  readonly timeline?: string;
}

/**
 * Resident memory for each client that is connected and hears nothing, garbage collected, in KB: for each number of
 * clients.
 */
export async function memoryPerClient(
  server: PushServer,
  collectGarbage: () => Promise<unknown>,
  numbersOfClients: readonly number[],
): Promise<number[]> {
  const quietMemoryKb = async () => {
    for (let round = 0; round < 3; round++) {
      await sleep(SETTLE_MS);
      await collectGarbage();
    }
    return readMemoryKb(server.pid);
  };
  await using clients = await connectClients(server);
  // What a process needs only once, it has after this.
  await watch(clients, server, 100);
  await clients.ask('pushFast', { seconds: 0.5, onTheirWay: 100 });
  await watch(clients, server, 0);
  const before = await quietMemoryKb();
  const kbPerClient: number[] = [];
  for (const count of numbersOfClients) {
    await watch(clients, server, count);
    kbPerClient.push(((await quietMemoryKb()) - before) / count);
  }
  return kbPerClient;
}

export interface PushLoad {
  readonly clients: number;
  readonly seconds: number;
  /** How many changes are on their way at once when it goes as fast as it can. */
  readonly onTheirWay: number;
  readonly pacePerSecond: number;
}

export interface PushCosts {
  readonly eventsPerSecond: number;
  readonly cpuUsPerEvent: number;
  /** Of each change, at the pace. */
  readonly delaysMs: readonly number[];
}

/** How fast a server pushes, what that costs it, and how long each takes at a pace that it can keep. */
export async function pushCosts(server: PushServer, load: PushLoad): Promise<PushCosts> {
  const { seconds, onTheirWay, pacePerSecond } = load;
  await using clients = await connectClients(server);
  await watch(clients, server, load.clients);
  const pushFast = (forSeconds: number) =>
    clients.ask<{ perSecond: number; count: number }>('pushFast', { seconds: forSeconds, onTheirWay });
  await pushFast(1);
  const cpuBefore = readCpuTimeMs(server.pid);
  const { perSecond, count } = await pushFast(seconds);
  const cpuUsPerEvent = ((readCpuTimeMs(server.pid) - cpuBefore) * 1000) / count;
  const delaysMs = await clients.ask<number[]>('pushAtPace', { perSecond: pacePerSecond, seconds });
  return { eventsPerSecond: perSecond, cpuUsPerEvent, delaysMs };
}

async function connectClients({ natsUrl }: PushServer): Promise<HelperProcess> {
  const clients = startHelper(new URL('../load/push-clients.ts', import.meta.url));
  await clients.ask('connect', { natsUrl });
  return clients;
}

async function watch(clients: HelperProcess, { owners, tokens, ...server }: PushServer, count: number): Promise<void> {
  const { url, query, timeline } = server;
  const of = { owners: owners.slice(0, count), tokens: tokens.slice(0, count) };
  await clients.ask('watch', { url, query, timeline, ...of });
}
