import { randomUUID } from 'node:crypto';
import { eventually } from '@kith/local-servers';
import { createClient } from 'graphql-ws';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { composeWith, federatedTicker, namesOf, type TickerKind } from '../testing/start-tickers.ts';
import { withTickers } from '../testing/with-tickers.ts';

const KINDS = ['graphql-sse', 'graphql-transport-ws'] as const;
const { tickers, gateway, around, publish } = await withTickers(KINDS, { viewerToken: true });

const leaves: (() => unknown)[] = [];
afterEach(async () => {
  for (const leave of leaves.splice(0)) await leave();
});

async function subscribe(kind: TickerKind, room: string, selection = 'number padding') {
  const sockets: WebSocket[] = [];
  class OurSocket extends WebSocket {
    constructor(address: string, protocols: string) {
      super(address, protocols);
      sockets.push(this);
    }
  }
  const client = createClient({
    ...{ url: gateway.graphql.replace('http', 'ws'), webSocketImpl: OurSocket, retryAttempts: 0 },
    connectionParams: { authorization: `Bearer ${await around.tokenOf('ann')}` },
    lazyCloseTimeout: 60_000,
  });
  leaves.push(() => client.dispose());
  const numbers: unknown[] = [];
  let ended: { error?: unknown } | undefined;
  client.subscribe<{ ticked: { number: number } | null }>(
    { query: `subscription { ticked: ${namesOf(kind).ticked}(room: "${room}") { ${selection} } }` },
    {
      next: ({ data }) => void numbers.push(data?.ticked?.number),
      error: (error) => {
        ended = { error };
      },
      complete: () => {
        ended = {};
      },
    },
  );
  return {
    numbers,
    socket: () => sockets[0] as WebSocket,
    get ended() {
      return ended;
    },
  };
}

async function metric(line: string): Promise<number> {
  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((each) => each.startsWith(`${line} `))
      ?.split(' ')[1] ?? 0,
  );
}

describe.each(tickers)('over %s', (kind, ticker) => {
  const { subgraph } = namesOf(kind);
  const asked = (room: string) => eventually('the service to be asked', () => ticker.rooms.listeners(room) === 1);

  test('a client that does not read makes the service wait, and gets everything when it reads again', async () => {
    const room = randomUUID();
    const subscribed = await subscribe(kind, room);
    await asked(room);
    const first = ticker.rooms.tick(room);
    await eventually('the first', () => subscribed.numbers.length === 1);
    subscribed.socket().pause();
    const passed = () => metric(`kith_plain_subscription_events_total{service="${subgraph}"}`);
    const before = await passed();
    const padding = 'x'.repeat(256 * 1024);
    const ALL = 300;
    for (let each = 0; each < ALL; each += 1) ticker.rooms.tick(room, { padding });
    const seen: number[] = [];
    await eventually(
      'no more to be taken',
      async () => {
        seen.push((await passed()) - before);
        return seen.length > 20 && seen.at(-1) === seen.at(-20) && (seen.at(-1) ?? 0) > 0;
      },
      { everyMs: 25 },
    );
    // What the kernel buffers of two connections is some megabytes; all of it is 75.
    expect(seen.at(-1)).toBeLessThan(ALL / 2);
    subscribed.socket().resume();
    await eventually('everything', () => subscribed.numbers.length === ALL + 1);
    expect(subscribed.numbers).toEqual(Array.from({ length: ALL + 1 }, (_, at) => first + at));
  });

  test('an event that is too large ends the subscription with a code', async () => {
    const room = randomUUID();
    const subscribed = await subscribe(kind, room);
    await asked(room);
    ticker.rooms.tick(room, { padding: 'x'.repeat(1024 * 1024) });
    await eventually('the end', () => subscribed.ended);
    expect(subscribed.numbers).toEqual([undefined]);
    await eventually('nobody to listen', () => ticker.rooms.listeners(room) === 0);
  });
});

test('what ends, and what is open, is counted', async () => {
  const [[kind, ticker]] = tickers as [(typeof tickers)[number]];
  const open = `kith_plain_subscriptions{service="${namesOf(kind).subgraph}"}`;
  await eventually('nothing to be open', async () => (await metric(open)) === 0);
  const subscribed = await subscribe(kind, 'counted');
  await eventually('one to be open', async () => (await metric(open)) === 1);
  await eventually('the service to be asked', () => ticker.rooms.listeners('counted') === 1);
  ticker.rooms.complete('counted');
  await eventually('the end', () => subscribed.ended);
  await eventually('none to be open', async () => (await metric(open)) === 0);
  const ended = `kith_plain_subscriptions_ended_total{service="${namesOf(kind).subgraph}",reason="COMPLETED"}`;
  expect(await metric(ended)).toBeGreaterThan(0);
});

test('over another supergraph a subscription goes on if its service still has the field, else it ends with a code', async () => {
  const [[sse, sseTicker], [ws, wsTicker]] = tickers as [(typeof tickers)[number], (typeof tickers)[number]];
  const stays = await subscribe(sse, 'stays');
  const goes = await subscribe(ws, 'goes');
  await eventually('both', () => sseTicker.rooms.listeners('stays') === 1 && wsTicker.rooms.listeners('goes') === 1);
  const asked = sseTicker.rooms.told.length;

  await publish(composeWith({ [namesOf(sse).subgraph]: federatedTicker(sse) }));
  await eventually('the end', () => goes.ended);
  expect(goes.ended?.error).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
  await eventually('nobody to listen', () => wsTicker.rooms.listeners('goes') === 0);
  const number = sseTicker.rooms.tick('stays');
  await eventually('the event', () => stays.numbers.length === 1);
  expect([stays.numbers, sseTicker.rooms.told.length, stays.ended]).toEqual([[number], asked, undefined]);

  // The same field, of another service.
  await publish(composeWith({ [namesOf(ws).subgraph]: federatedTicker(sse) }));
  await eventually('the end of the other', () => stays.ended);
  expect(stays.ended?.error).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
  await publish(composeWith(Object.fromEntries(KINDS.map((kind) => [namesOf(kind).subgraph, federatedTicker(kind)]))));
});
