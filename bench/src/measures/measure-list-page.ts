import { type RunningSystem, startSystem } from '@kith/local';
import { eventually } from '@kith/local-servers';
import { Redis } from 'ioredis';
import { Client } from 'undici';
import { startHelper } from '../processes/helper-process.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { percentile } from '../report/percentile.ts';
import { connectRedis, createFriendListView, loadList, loadRevisions } from '../system/friend-service-insides.ts';
import { openPool } from '../system/open-pool.ts';
import { quietLog } from '../system/quiet-log.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';
import { signTokens } from '../system/sign-tokens.ts';
import { befriend, makeUsers } from '../system/talk-to-system.ts';
import { medianMicroseconds, microsecondsOf } from './repeat-one-by-one.ts';

const LIST_SIZES = [20, 200, 2_000];
const PAGE = 20;
const CALLS = 3_000;
/** Of the list that is longer than any in ego-Facebook (1,045 friends). */
const PAGE_P99_MS = 3;

// As the gateway asks for it.
const QUERY = `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User {
  friends(first: ${PAGE}) { edges { node { remark since user { id nickname avatarUrl } } } } } } }`;

export const measureListPage: Measurement = {
  name: 'list-page',
  title: 'List page',
  explained: `A page of ${PAGE} friends in NAME order from lists of ${LIST_SIZES.join(', ')} friends, the median of ${CALLS.toLocaleString('en')} reads one after the other: at the view (in this process, one Lua script in Redis), and at the friend subgraph over HTTP (one connection, the \`_entities\` query of the gateway, with the 99th percentile). Floors: GET of the same page as prebuilt JSON from the same Redis; for the 99th percentile, node:http that answers the same bytes to the same client.`,
  tellsRegressions: true,

  async run({ folder, started, step }) {
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: true, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    step('making lists');
    const { owners, tokens } = await makeLists(system, folder);

    const view = openView(system, started);
    const floorServer = started.use(startHelper(new URL('../baselines/answer-prebuilt-bytes.ts', import.meta.url)));
    const redis = new Redis(system.redisUrl);
    started.defer(() => redis.disconnect());
    const figures: Figure[] = [];
    for (const [index, size] of LIST_SIZES.entries()) {
      step(`a page of ${size} friends`);
      const [ownerId, token] = [owners[index]!, tokens[index]!];
      const page = await view.page(ownerId, { order: 'NAME', limit: PAGE });
      if (page.totalCount !== size) throw new Error(`The list has ${page.totalCount} friends and not ${size}.`);
      await redis.set('bench:page', JSON.stringify(page));
      const floor = {
        what: 'Redis GET of the page',
        value: await medianMicroseconds(CALLS, () => redis.get('bench:page')),
      };
      const atView = await medianMicroseconds(CALLS, () => view.page(ownerId, { order: 'NAME', limit: PAGE }));
      const request = pageRequest(system, ownerId, token);
      const overHttp = await readOverHttp(system.friend.url, request);
      const prebuilt = await readOverHttp(await floorServer.ask<string>('serve', overHttp.answer), request);
      figures.push(
        { what: `${size.toLocaleString('en')} friends, at the view`, value: atView, unit: 'µs', beside: [floor] },
        {
          what: `${size.toLocaleString('en')} friends, at the subgraph`,
          value: percentile(overHttp.tookUs, 50),
          unit: 'µs',
          beside: [floor],
        },
        {
          what: `${size.toLocaleString('en')} friends, at the subgraph, p99`,
          value: percentile(overHttp.tookUs, 99) / 1000,
          unit: 'ms',
          beside: [{ what: 'node:http, prebuilt bytes, p99', value: percentile(prebuilt.tookUs, 99) / 1000 }],
          ...(size === Math.max(...LIST_SIZES) && { goal: { atMost: PAGE_P99_MS } }),
        },
      );
    }
    return figures;
  },
};

async function makeLists(system: RunningSystem, folder: string) {
  const ids = await makeUsers(system, 'member', Math.max(...LIST_SIZES) + LIST_SIZES.length);
  const owners = ids.slice(0, LIST_SIZES.length);
  const others = ids.slice(LIST_SIZES.length);
  for (const [index, size] of LIST_SIZES.entries()) {
    await befriend(
      system,
      others.slice(0, size).map((other) => [owners[index]!, other]),
    );
  }
  await eventually('every event has been applied to the views', () => isQuiet(system), { withinMs: 60_000 });
  return { owners, tokens: await signTokens(folder, owners) };
}

/** The consumers must not be at work on the same Redis while it is read. */
async function isQuiet(system: RunningSystem): Promise<boolean> {
  const response = await fetch(`${system.friend.url}/operator/status`, {
    headers: { authorization: `Bearer ${system.operatorKey}` },
  });
  const { outbox, consumers } = (await response.json()) as {
    outbox: { unpublished: number };
    consumers: { lag: number; unacked: number }[];
  };
  return outbox.unpublished === 0 && consumers.every(({ lag, unacked }) => lag + unacked === 0);
}

function openView(system: RunningSystem, started: AsyncDisposableStack) {
  const pool = openPool(started, system.friendDatabaseUrl, 2);
  const redis = connectRedis({ url: system.redisUrl, timeline: { current: 'bench' }, log: quietLog });
  started.defer(() => redis.close());
  const view = createFriendListView({
    redis,
    load: (ownerId) => loadList(pool, ownerId),
    loadRevisions: (ownerIds) => loadRevisions(pool, ownerIds),
    log: quietLog,
  });
  started.defer(() => view.stop());
  return view;
}

function pageRequest(system: RunningSystem, ownerId: string, token: string) {
  return {
    path: '/graphql',
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-kith-gateway-key': system.gatewayKey,
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: QUERY, variables: { id: ownerId } }),
  } as const;
}

async function readOverHttp(url: string, request: ReturnType<typeof pageRequest>) {
  const client = new Client(url);
  const read = async () => (await client.request(request)).body.text();
  try {
    const answer = await read();
    if (answer.split('"nickname"').length !== PAGE + 1) throw new Error(`Not a page: ${answer.slice(0, 300)}`);
    return { answer, tookUs: await microsecondsOf(CALLS, read) };
  } finally {
    await client.close();
  }
}
