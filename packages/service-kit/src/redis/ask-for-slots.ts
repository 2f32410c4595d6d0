import { Redis } from 'ioredis';
import { type ClientOptions, commonClientOptions, type RedisServer } from './redis-server.ts';
import { readSlotRanges, type SlotRange } from './slot-ranges.ts';

/** A node that hangs must not delay asking the next one. */
const ANSWERS_WITHIN_MS = 1_000;

export interface WhoMayKnow {
  /** By their addresses. */
  readonly connected: ReadonlyMap<string, RedisServer>;
  /** Addresses of other nodes; a temporary connection is opened to each that is asked. */
  readonly known: readonly string[];
  /** All but host and port. */
  readonly client: ClientOptions;
}

/** The slot map from the first node that answers. Rejects with the last failure when none does. */
export async function askForSlots({ connected, known, client }: WhoMayKnow): Promise<SlotRange[]> {
  const usable = shuffled([...connected]).filter(([, server]) => server.usable);
  const questions = [
    ...usable.map(
      ([address, server]) =>
        async () =>
          readSlotRanges(await inTime(server.client.cluster('SLOTS')), address),
    ),
    ...shuffled(known).map((address) => () => askOnce(address, client)),
  ];
  let failure: unknown;
  for (const ask of questions) {
    try {
      return await ask();
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function askOnce(address: string, options: ClientOptions): Promise<SlotRange[]> {
  const once: ClientOptions = { retryStrategy: null, enableReadyCheck: false, lazyConnect: true };
  const client = new Redis({ ...commonClientOptions(), ...options, ...once, ...hostAndPort(address) });
  // Only the event carries the reason why a connection failed.
  let failure: Error | undefined;
  client.on('error', (error) => {
    failure ??= error;
  });
  try {
    await inTime(client.connect());
    return readSlotRanges(await inTime(client.cluster('SLOTS')), address);
  } catch (error) {
    throw failure ?? error;
  } finally {
    client.disconnect();
  }
}

export function hostAndPort(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
}

async function inTime<T>(asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWERS_WITHIN_MS} ms`)), ANSWERS_WITHIN_MS);
  });
  return Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

/** Shuffled, so that a node with an old map is not asked first every time. */
function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
