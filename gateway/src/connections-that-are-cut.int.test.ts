import { randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { eventually } from '@kith/local-servers';
import { afterAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { cuttableConnections } from './testing/cuttable-connections.ts';
import { connectLiveClient } from './testing/live-client.ts';
import { withTestGateway } from './testing/with-test-gateway.ts';

const CUTS = 150;

const { around, startAnother } = await withTestGateway();
const [user, friend, nats] = await Promise.all(
  [around.userUrl, around.friendUrl, around.nats.urlOf('gateway')].map(cuttableConnections),
);
afterAll(async () => {
  for (const each of [user, friend, nats]) await each?.stop();
});

/** Errors that nobody has listened for: in a process of its own each would be its end. */
const unheard: unknown[] = [];
const keep = (error: unknown) => unheard.push(error);
process.on('uncaughtExceptionMonitor', keep);
afterAll(() => void process.off('uncaughtExceptionMonitor', keep));

test('connections to services, to NATS and to clients are cut under load: nothing ends, and nothing is missed', async () => {
  const gateway = await startAnother(
    {},
    {
      ...around,
      userUrl: user!.url,
      friendUrl: friend!.url,
      nats: { ...around.nats, urlOf: () => nats!.url },
    },
  );
  const owner = randomUUID();
  const authorization = `Bearer ${await around.tokenOf(owner)}`;
  const client = connectLiveClient(gateway.graphql, { authorization });
  const list = client.watch({ after: `${owner}:0` });
  around.commit(owner, 'before');
  await eventually('the list', () => list.revisions.length === 1);

  const codes = new Set<string | undefined>();
  let isOver = false;
  const reads = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const query = `{ me { username friendCount } other: user(id: "${randomUUID()}") { nickname friendCount } }`;
      const response = await fetch(gateway.graphql, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ query }),
      });
      const { errors = [] } = (await response.json()) as { errors?: { extensions: { code?: string } }[] };
      for (const { extensions } of errors) codes.add(extensions.code);
    }
  });
  const random = (below: number) => Math.floor(Math.random() * below);
  const cuts = [user!.cut, friend!.cut, nats!.cut, () => cutOneOfOurs(gateway.url, authorization)];
  for (let cut = 1; cut <= CUTS; cut += 1) {
    cuts[random(cuts.length)]!();
    around.commit(owner, `change ${cut}`);
    await wait(random(30));
  }
  isOver = true;
  await Promise.all(reads);
  await eventually('every change is seen', () => list.revisions.length === CUTS + 1);
  expect(list.revisions).toEqual(Array.from({ length: CUTS + 1 }, (_, at) => at + 1));
  expect([...client.closes, ...list.errors]).toEqual([]);
  expect([...codes].filter((code) => code !== 'SERVICE_UNAVAILABLE')).toEqual([]);
  expect(unheard).toEqual([]);
  await eventually('it misses nothing', async () => {
    const ready = (await (await fetch(`${gateway.url}/ready`)).json()) as { missing: string[] };
    return ready.missing.length === 0;
  });
  await client.stop();
});

/** A client that goes away in the middle of what it asks, or of what it is told. */
function cutOneOfOurs(url: string, authorization: string): void {
  const { port } = new URL(url);
  const body = JSON.stringify({ query: '{ me { username friendCount } }' });
  const head = `POST /graphql HTTP/1.1\r\nhost: kith\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
  socket.write(`${head}\r\n\r\n${body.slice(0, Math.ceil(Math.random() * body.length))}`);
  setTimeout(() => socket.resetAndDestroy(), Math.random() * 10);

  const live = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws');
  live.on('error', () => undefined);
  live.on('open', () => {
    live.send(JSON.stringify({ type: 'connection_init', payload: { authorization } }));
    live.send(
      JSON.stringify({
        id: '1',
        type: 'subscribe',
        payload: { query: 'subscription { friendListChanged { cursor } }' },
      }),
    );
    setTimeout(() => {
      // What is no frame, and then nothing more.
      if (Math.random() < 0.5) (live as unknown as { _socket: Socket })._socket.write(Buffer.from([0xff, 0xff, 0xff]));
      live.terminate();
    }, Math.random() * 50);
  });
}
