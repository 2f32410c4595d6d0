import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Logger } from '@kith/service-kit';
import { Pool } from 'undici';
import { breakCircuit, type Circuit } from './break-circuit.ts';
import { ManyCallsConnection } from './calls/ask-over-one-connection.ts';

/** One process of a service, as this gateway sees it. */
export interface Replica {
  /** Its origin; and the host by which the service is known, where that is another. */
  readonly url: string;
  readonly servername?: string | undefined;
  readonly pool: Pool;
  /** Many calls over one connection, where the service is said to offer that. */
  readonly calls: ManyCallsConnection | undefined;
  readonly circuit: Circuit;
  /** What has been asked and not answered. */
  running: number;
  /** What it says of itself: one that stops is asked nothing new. */
  ready: boolean;
  /** When it last said anything of itself, ready or not; ms of `performance.now()`. */
  heardAt: number;
}

export interface Replicas {
  /** Whom to ask: of those that are ready the one with the least to do; undefined when all of them were `tried`. */
  choose(tried: ReadonlySet<Replica>): Replica | undefined;
  /** Whether there is somebody else to ask. */
  hasOther(than: Replica): boolean;
  /** Whether one of them says that it can do its work. */
  ready(): Promise<boolean>;
  /** Whether one of them has said anything of late. */
  readonly heard: boolean;
  stop(): Promise<void>;
}

export interface ReplicasOptions {
  readonly name: string;
  /** Of each replica, or a name that stands for the addresses of several. */
  readonly urls: readonly string[];
  readonly log: Logger;
  readonly maxConnections: number;
  /** Answers 200 while it can do its work. */
  readonly readyPath?: string;
  /** Where the service answers many calls over one connection, and what it is shown when that is opened. */
  readonly calls?: { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  /** The addresses of a name; the system's resolver unless told. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const READY_WITHIN_MS = 1_000;
const ASK_READY_EVERY_MS = 500;
const RESOLVE_EVERY_MS = 5_000;
/** Longer than a busy machine, or a failover of what they all need, keeps processes from saying anything. */
const HEARD_WITHIN_MS = 15_000;
const UNHEARD = { running: 0, ready: true, heardAt: Number.NEGATIVE_INFINITY };

/**
 * Client-side load balancing: the replicas of one service, each with connections and a circuit breaker of its own. While
 * there are several, each is asked twice a second whether it is ready, so that one that is to stop, or is frozen, gets
 * nothing more. A host name with several addresses is several replicas; the name is looked up every five seconds.
 */
export function followReplicas(options: ReplicasOptions): Replicas {
  return new FollowedReplicas(options);
}

class FollowedReplicas implements Replicas {
  readonly #options: ReplicasOptions;
  readonly #byAddress = new Map<string, Replica>();
  /** The same, as each call goes through them. */
  #all: readonly Replica[] = [];
  /** One of equals is not always the first. */
  #turn = 0;
  readonly #timers: NodeJS.Timeout[] = [];
  #closing: Promise<unknown>[] = [];
  #stopped = false;

  constructor(options: ReplicasOptions) {
    this.#options = options;
    for (const url of options.urls) this.#add(url);
    if (options.urls.some(mayBeSeveral)) this.#repeat(() => this.#resolve(), RESOLVE_EVERY_MS);
    this.#repeat(() => this.#askWhetherReady(), ASK_READY_EVERY_MS);
  }

  choose(tried: ReadonlySet<Replica>): Replica | undefined {
    let best: Replica | undefined;
    this.#turn += 1;
    for (let n = 0; n < this.#all.length; n += 1) {
      const replica = this.#all[(this.#turn + n) % this.#all.length];
      if (replica && !tried.has(replica) && (!best || isBetter(replica, best))) best = replica;
    }
    return best;
  }

  hasOther(than: Replica): boolean {
    return this.#all.some((replica) => replica !== than && replica.ready);
  }

  async ready(): Promise<boolean> {
    // The first that is ready is enough: one that is frozen is not waited for.
    const asked = this.#all.map(async (replica) => {
      if (!(await saysReady(replica, this.#options))) throw new Error('It is not ready.');
    });
    return Promise.any(asked).then(
      () => true,
      () => false,
    );
  }

  get heard(): boolean {
    const since = performance.now() - HEARD_WITHIN_MS;
    return this.#all.some(({ heardAt, circuit }) => Math.max(heardAt, circuit.answeredAt) > since);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#closing, ...this.#all.map(closeConnections)]);
  }

  #repeat(task: () => Promise<void>, everyMs: number): void {
    let running = false;
    const run = () => {
      if (running) return;
      running = true;
      void task().finally(() => {
        running = false;
      });
    };
    run();
    this.#timers.push(setInterval(run, everyMs).unref());
  }

  /** Never rejects. */
  async #askWhetherReady(): Promise<void> {
    // Where there is one alone, it is asked whatever it says.
    if (this.#all.length < 2) return;
    const asked = this.#all.map(async (replica) => {
      replica.ready = await saysReady(replica, this.#options);
    });
    await Promise.all(asked);
  }

  /** Never rejects: those who are known stay while a name cannot be looked up. */
  async #resolve(): Promise<void> {
    const { urls, resolve = addressesOf } = this.#options;
    const wanted = new Map<string, string>();
    for (const url of urls) {
      const { protocol, hostname, port } = new URL(url);
      const addresses = mayBeSeveral(url) ? await resolve(hostname).catch(() => undefined) : [];
      // What a name stood for is not forgotten because nobody can say so now.
      if (addresses === undefined) return;
      if (addresses.length < 2) wanted.set(url, url);
      for (const address of addresses.length < 2 ? [] : addresses) {
        const host = isIP(address) === 6 ? `[${address}]` : address;
        wanted.set(`${protocol}//${host}${port && `:${port}`}`, url);
      }
    }
    if (this.#stopped) return;
    for (const [address, url] of wanted) if (!this.#byAddress.has(address)) this.#add(address, url);
    for (const address of [...this.#byAddress.keys()]) if (!wanted.has(address)) this.#leave(address);
  }

  /** @param as the URL whose host the service is known by, where that is not its address */
  #add(address: string, as = address): void {
    const { name, urls, log, maxConnections, calls: offered } = this.#options;
    const servername = as === address ? undefined : new URL(as).hostname;
    const connect = { timeout: 1_000, ...(servername !== undefined && { servername }) };
    const pool = new Pool(address, { connections: maxConnections, pipelining: 1, connect });
    const shown = urls.length === 1 && as === address ? name : `${name} ${new URL(address).host}`;
    const circuit = breakCircuit(shown, log);
    const calls =
      offered && new ManyCallsConnection({ ...offered, url: address, servername, atOnce: maxConnections, shown, log });
    this.#byAddress.set(address, { url: address, servername, pool, calls, circuit, ...UNHEARD });
    this.#all = [...this.#byAddress.values()];
  }

  /** It goes on with what it has been asked. */
  #leave(address: string): void {
    const replica = this.#byAddress.get(address);
    this.#byAddress.delete(address);
    this.#all = [...this.#byAddress.values()];
    if (!replica) return;
    replica.circuit.forget();
    const closing = closeConnections(replica).then(() => {
      this.#closing = this.#closing.filter((one) => one !== closing);
    });
    this.#closing.push(closing);
  }
}

/** Once what it was asked is answered. */
async function closeConnections({ pool, calls }: Replica): Promise<void> {
  await Promise.all([pool.close(), calls?.close()]);
}

function isBetter(one: Replica, other: Replica): boolean {
  const [a, b] = [one, other].map(({ ready, circuit }) => Number(!ready) + Number(circuit.isOpen)) as [number, number];
  return a === b ? one.running < other.running : a < b;
}

async function saysReady(replica: Replica, { readyPath = '/ready' }: ReplicasOptions): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(READY_WITHIN_MS);
    const { statusCode, body } = await replica.pool.request({ path: readyPath, method: 'GET', signal });
    replica.heardAt = performance.now();
    await body.dump();
    return statusCode === 200;
  } catch {
    return false;
  }
}

function mayBeSeveral(url: string): boolean {
  const { hostname } = new URL(url);
  return isIP(hostname) === 0 && !hostname.startsWith('[') && hostname !== 'localhost';
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address).sort();
}
