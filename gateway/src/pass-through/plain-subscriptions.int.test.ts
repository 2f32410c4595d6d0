import { randomUUID } from 'node:crypto';
import { liveSessionEnded } from '@kith/event-contracts';
import { eventually } from '@kith/local-servers';
import { createClient } from 'graphql-ws';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { KINDS, namesOf } from '../testing/start-tickers.ts';
import { withTickers } from '../testing/with-tickers.ts';

interface Answer {
  readonly data?: { readonly ticked: Record<string, unknown> | null } | null;
  readonly errors?: readonly { readonly path?: unknown; readonly extensions: { readonly code?: string } }[];
  readonly extensions?: object;
}

/** FIELD and ALWAYS stand for the fields of each kind of service, TICK for its type. */
const TICKED = 'subscription ($room: ID!) { ticked: FIELD(room: $room) { number } }';
const told = { gatewayKey: true, viewerToken: true, headers: { 'x-tenant': 'kith' }, forwardHeaders: ['x-locale'] };
const { tickers, gateway, around } = await withTickers(KINDS, told);

const leaves: (() => unknown)[] = [];
let room: string;
beforeEach(() => {
  room = randomUUID();
});
afterEach(async () => {
  for (const leave of leaves.splice(0)) await leave();
});

describe.each(tickers)('a subscription that is no live list, over %s', (kind, ticker) => {
  const { ticked, tickedAlways, tick } = namesOf(kind);
  const written = (query: string) =>
    query.replace('FIELD', ticked).replace('ALWAYS', tickedAlways).replace('TICK', tick);

  async function subscribe(query = TICKED, { viewer = 'ann', sessionId = 's1', at = room } = {}) {
    const authorization = `Bearer ${await around.tokenOf(viewer, { sessionId })}`;
    class Browser extends WebSocket {
      constructor(address: string, protocols: string) {
        super(address, protocols, { headers: { 'x-locale': 'fr', 'x-other': '1' } });
      }
    }
    const client = createClient({
      ...{ url: gateway.graphql.replace('http', 'ws'), webSocketImpl: Browser, retryAttempts: 0 },
      connectionParams: viewer === '' ? {} : { authorization },
      lazyCloseTimeout: 60_000,
    });
    leaves.push(() => client.dispose());
    const answers: Answer[] = [];
    let ended: { error?: unknown } | undefined;
    const leave = client.subscribe<Answer['data']>(
      { query: written(query), variables: { room: at } },
      {
        next: (answer) => void answers.push(answer as Answer),
        error: (error) => {
          ended = { error };
        },
        complete: () => {
          ended = {};
        },
      },
    );
    return {
      answers,
      leave,
      numbers: () => answers.map(({ data }) => data?.ticked?.number),
      get ended() {
        return ended;
      },
    };
  }
  const listened = (count = 1, at = room) =>
    eventually('the service to be asked', () => ticker.rooms.listeners(at) === count);

  test('brings each event, under the names that the client gave', async () => {
    const query = `subscription ($room: ID!) { ticked: FIELD(room: $room, every: 2) { n: number ...R __typename } }
      fragment R on TICK { id: room loud }`;
    const { answers } = await subscribe(query);
    await listened();
    const number = ticker.rooms.tick(room);
    ticker.rooms.tick(room);
    await eventually('both', () => answers.length === 2);
    expect(answers[0]).toEqual({ data: { ticked: { n: number, id: room, __typename: tick, loud: null } } });
  });

  test('is joined with what other services have', async () => {
    const query = 'subscription ($room: ID!) { ticked: FIELD(room: $room) { number by { nickname friendCount } } }';
    const { answers } = await subscribe(query);
    await listened();
    const number = ticker.rooms.tick(room);
    await eventually('the event', () => answers.length === 1);
    expect(answers[0]).toEqual({ data: { ticked: { number, by: { nickname: 'N-ada', friendCount: 7 } } } });
  });

  test('tells what may not be seen as the service says it, where it stands, and goes on', async () => {
    const { answers } = await subscribe(
      'subscription ($room: ID!) { ticked: FIELD(room: $room) { number s: secret by { id ownCount } } }',
    );
    await listened();
    ticker.rooms.tick(room);
    ticker.rooms.tick(room);
    await eventually('both', () => answers.length === 2);
    for (const { errors } of answers) {
      expect(errors).toMatchObject([
        { path: ['ticked', 's'], extensions: { code: 'FORBIDDEN' } },
        { path: ['ticked', 'by', 'ownCount'], extensions: { code: 'FORBIDDEN' } },
      ]);
    }
  });

  test.each([
    ['a field that may be null', 'FIELD', { ticked: null }],
    ['one that may not', 'ALWAYS', null],
  ])('that the service refuses says why, and ends: %s', async (_what, field, data) => {
    const subscribed = await subscribe(`subscription ($room: ID!) { ticked: ${field}(room: $room) { number } }`, {
      at: 'forbidden',
    });
    await eventually('the end', () => subscribed.ended);
    expect(subscribed.answers).toMatchObject([
      { data, errors: [{ path: ['ticked'], extensions: { code: 'FORBIDDEN' } }] },
    ]);
    expect(subscribed.ended).toEqual({});
  });

  test('tells the service what the file of subgraphs says', async () => {
    await subscribe();
    await listened();
    const { headers, connectionParams } = ticker.rooms.told.at(-1) ?? {};
    expect(headers).toMatchObject({
      ...{ 'x-kith-gateway-key': around.gatewayKey, 'x-tenant': 'kith', 'x-locale': 'fr' },
      authorization: expect.stringMatching(/^Bearer /),
      traceparent: expect.stringMatching(/^00-/),
    });
    expect(headers).not.toHaveProperty('x-other');
    if (connectionParams) expect(connectionParams).toMatchObject({ authorization: headers?.authorization });
  });

  test('may be anonymous, if the service lets it be so', async () => {
    const { answers } = await subscribe(TICKED, { viewer: '' });
    await listened();
    expect(ticker.rooms.told.at(-1)?.headers).not.toHaveProperty('authorization');
    ticker.rooms.tick(room);
    await eventually('the event', () => answers.length === 1);
  });

  test('is left at the service when its client leaves', async () => {
    const subscribed = await subscribe();
    await listened();
    subscribed.leave();
    await listened(0);
  });

  test('ends when the service completes it', async () => {
    const subscribed = await subscribe();
    await listened();
    ticker.rooms.tick(room);
    ticker.rooms.complete(room);
    await eventually('the end', () => subscribed.ended);
    expect(subscribed.ended).toEqual({});
    expect(subscribed.answers).toHaveLength(1);
  });

  test('ends with its session', async () => {
    const subscribed = await subscribe(TICKED, { viewer: 'bob', sessionId: 'phone' });
    await listened();
    around.broker.announce(liveSessionEnded('bob'), JSON.stringify({ sessionIds: ['phone'] }));
    await eventually('the end', () => subscribed.ended);
    expect(subscribed.ended?.error).toMatchObject({ code: 4403 });
    await listened(0);
  });

  test('survives a service that is killed, and says that events may be missing', async () => {
    const subscribed = await subscribe();
    await listened();
    const before = ticker.rooms.tick(room);
    await eventually('the first', () => subscribed.answers.length === 1);
    await ticker.kill();
    ticker.rooms.tick(room);
    const asked = ticker.rooms.told.length;
    await ticker.restart();
    await eventually('the service to be asked again', () => ticker.rooms.told.length > asked);
    const after = ticker.rooms.tick(room);
    await eventually('the next', () => subscribed.answers.length === 2);
    const again = ticker.rooms.tick(room);
    await eventually('the one after', () => subscribed.answers.length === 3);
    expect(subscribed.numbers()).toEqual([before, after, again]);
    expect(subscribed.answers.map(({ extensions }) => extensions)).toEqual([
      undefined,
      { mayHaveMissed: true },
      undefined,
    ]);
    expect(subscribed.ended).toBeUndefined();
  });

  test('ends with a code when the service is not there', async () => {
    await ticker.kill();
    try {
      const subscribed = await subscribe();
      await eventually('the end', () => subscribed.ended);
      expect(subscribed.ended?.error).toMatchObject([{ extensions: { code: 'SERVICE_UNAVAILABLE' } }]);
      expect(subscribed.answers).toEqual([]);
    } finally {
      await ticker.restart();
    }
  });
});
