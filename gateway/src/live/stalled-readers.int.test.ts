import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually, freePort, missesNothing } from '@kith/local-servers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { startNeighbours } from '../testing/start-neighbours.ts';

/** KITH_STALLED_READERS=500 KITH_STALLED_S=180 for the whole of it (the kernel buffers some 4 MB for each). */
const READERS = Number(process.env.KITH_STALLED_READERS ?? 50);
const FOR_S = Number(process.env.KITH_STALLED_S ?? 24);
const CHANGES_PER_S = 1_000;
/** After this part of the time every buffer between here and there is full, and has been dropped once. */
const SETTLED_AFTER = 0.6;
const MAY_GROW_MB = 40;
/** A socket that is not read for 60 s is closed: before that another reader takes its place, and stalls too. */
const STALLED_AT_MOST_MS = 40_000;
/** So few that nearly all read at any moment; enough that none is late on a busy machine. */
const REPLACED_AT_ONCE = Math.ceil(READERS * 0.05);

let around: Awaited<ReturnType<typeof startNeighbours>>;
let gateway: { url: string; stop(): Promise<void> };
const owners = Array.from({ length: READERS }, () => randomUUID());
/** Where each list stands: whoever comes later has nothing to catch up with. */
const cursors = new Map<string, string>(owners.map((owner) => [owner, `${owner}:0`]));
const stalled = new Map<string, { socket: WebSocket; sinceMs: number }>();

beforeAll(async () => {
  around = await startNeighbours();
  gateway = await startGatewayProcess();
});
afterAll(async () => {
  for (const { socket } of stalled.values()) socket.terminate();
  await gateway?.stop();
  await around?.stop();
});

/** A process of its own: the memory of this one says nothing. */
async function startGatewayProcess() {
  const folder = await mkdtemp(join(tmpdir(), 'kith-gateway-'));
  const SUPERGRAPH_FILE = join(folder, 'supergraph.graphql');
  await writeFile(SUPERGRAPH_FILE, around.supergraphSdl);
  const port = await freePort();
  const child = spawn(process.execPath, [fileURLToPath(new URL('../main.ts', import.meta.url))], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      NATS_URL: around.nats.urlOf('gateway'),
      EVENT_BUS: 'jetstream',
      GATEWAY_KEY: around.gatewayKey,
      USER_URL: around.userUrl,
      FRIEND_URL: around.friendUrl,
      SUPERGRAPH_FILE,
      LOG_LEVEL: 'silent',
      DRAIN_MS: '0',
      LOOP_DELAY_AT_MOST_MS: '5000',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await eventually('the gateway to be ready', () => missesNothing(url));
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}

/** Frames of 100 KB for announcements of 8: the kernel's buffers would take small ones for minutes. */
const REMARKS = Array.from({ length: 25 }, (_, index) => `r${index}: remark`).join(' ');

async function metricsOf(url: string): Promise<(name: string) => number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Subscribes, and from the acknowledgement on never reads again. */
async function stall(owner: string): Promise<void> {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  stalled.get(owner)?.socket.terminate();
  stalled.set(owner, { socket, sinceMs: performance.now() });
  await once(socket, 'open');
  const authorization = `Bearer ${await around.tokenOf(owner)}`;
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
  await once(socket, 'message');
  socket.pause();
  const query = `subscription { friendListChanged(after: "${cursors.get(owner)}") { __typename revision cursor
    ... on FriendChanged { friend { ${REMARKS} user { id nickname avatarUrl } } } } }`;
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
}

/** Those who have stalled the longest first, until it is stopped. */
function replaceReaders(): { stop(): Promise<void> } {
  let stopped = false;
  const replacing = (async () => {
    while (!stopped) {
      const due = [...stalled]
        .filter(([, { sinceMs }]) => performance.now() - sinceMs > STALLED_AT_MOST_MS)
        .sort(([, a], [, b]) => a.sinceMs - b.sinceMs);
      await Promise.all(due.slice(0, REPLACED_AT_ONCE).map(([owner]) => stall(owner)));
      await delay(20);
    }
  })();
  return {
    stop() {
      stopped = true;
      return replacing;
    },
  };
}

test(`${READERS} readers who have stopped reading do not make the gateway grow`, {
  timeout: 5_000 * FOR_S + 90_000,
}, async () => {
  for (const owner of owners) await stall(owner);
  await eventually('all to be subscribed, and to wait for what is announced', async () => {
    const metric = await metricsOf(gateway.url);
    return metric('kith_live_subscribers') === READERS && metric('kith_live_catching_up') === 0;
  });
  const replacing = replaceReaders();
  const remark = 'x'.repeat(4_000);
  const samples: {
    rssMb: number;
    heapMb: number;
    externalMb: number;
    queued: number;
    subscribers: number;
    behind: number;
  }[] = [];
  const startedAt = performance.now();
  let sent = 0;
  // Until all are sent, however long a busy machine needs for them.
  for (let atS = 0; sent < FOR_S * CHANGES_PER_S; atS = (performance.now() - startedAt) / 1_000) {
    // A turn makes no more than a moment's worth: what is late is not made up for in one burst.
    const due = Math.min(atS * CHANGES_PER_S, sent + CHANGES_PER_S / 20, FOR_S * CHANGES_PER_S);
    for (; sent < due; sent += 1) {
      const owner = owners[sent % READERS]!;
      cursors.set(owner, around.commit(owner, remark).cursor);
    }
    if (atS >= samples.length) {
      const metric = await metricsOf(gateway.url);
      const megabytes = (name: string) => Math.round(metric(name) / 1e6);
      samples.push({
        rssMb: megabytes('process_resident_memory_bytes'),
        heapMb: megabytes('nodejs_heap_size_used_bytes'),
        externalMb: megabytes('nodejs_external_memory_bytes'),
        queued: metric('kith_live_queued_changes'),
        subscribers: metric('kith_live_subscribers'),
        behind: metric('kith_live_catching_up'),
      });
    }
    // Turns, so that announcements leave while they are made.
    await delay(5);
  }
  await replacing.stop();
  const row = (name: keyof (typeof samples)[number]) => samples.map((sample) => sample[name]).join(' ');
  process.stdout.write(
    `${READERS} stalled readers, ${sent} changes\nRSS MB ${row('rssMb')}\nheap MB ${row('heapMb')}\n` +
      `external MB ${row('externalMb')}\nqueued ${row('queued')}\nsubscribers ${row('subscribers')}\nbehind ${row('behind')}\n`,
  );
  const settled = samples.slice(Math.floor(samples.length * SETTLED_AFTER));
  // What garbage there is at a moment says nothing: the mean of the end, against that of the begin.
  const third = Math.ceil(settled.length / 3);
  const mean = (some: typeof settled) => some.reduce((sum, { rssMb }) => sum + rssMb, 0) / some.length;
  expect(mean(settled.slice(-third)) - mean(settled.slice(0, third))).toBeLessThan(MAY_GROW_MB);
  expect(Math.min(...settled.map(({ subscribers }) => subscribers))).toBeGreaterThan(READERS * 0.9);
  const queuedAtMost = Math.max(...samples.map(({ queued }) => queued));
  // What waited was dropped when it was too much, within two seconds, which looking now and then may miss. Whoever takes
  // another reader's place has the kernel's buffers to fill first: they are not all there at any moment.
  expect(Math.max(...samples.map(({ behind }) => behind))).toBeGreaterThan(READERS * 0.8);
  // Five seconds' worth, and a little for looking late.
  expect(queuedAtMost).toBeLessThanOrEqual(CHANGES_PER_S * 7);
});
