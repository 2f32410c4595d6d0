// Longer than other files: every attack of docs/operations.md, over one system that takes long to start.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@kith/local-servers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tokenForger } from '../src/attacks/forge-token.ts';
import { openRawSocket, UpgradeRefused } from '../src/attacks/raw-socket.ts';
import { sendRawBytes, statusIn } from '../src/attacks/send-raw-bytes.ts';
import { countWhatIsStored } from '../src/databases/count-what-is-stored.ts';
import type { AnsweredError } from '../src/people/ask-gateway.ts';
import { addFriend, makeFriends, readPage, updateFriend, updateProfile } from '../src/people/friend-operations.ts';
import { PASSWORD, type Person, SIGN_IN, signUp } from '../src/people/person.ts';
import { type SystemForTest, startSystemForTest } from '../src/system/start-system-for-test.ts';

const SOCKETS_PER_ADDRESS = 300;
const SECRET_MESSAGE = 'meet me behind the old mill';

let system: SystemForTest;
let gatewayUrl: string;
let stored: ReturnType<typeof countWhatIsStored>;
let forge: Awaited<ReturnType<typeof tokenForger>>;
/** Ann and bob are friends; eve, who attacks, has nothing to do with them; carl has asked ann. */
let ann: Person;
let bob: Person;
let eve: Person;
let requestToAnn: string;
let before: unknown;

beforeAll(async () => {
  const env = {
    NODE_ENV: 'production',
    ALLOWED_ORIGINS: 'https://app.example.org',
    SOCKETS_PER_ADDRESS: String(SOCKETS_PER_ADDRESS),
    SOCKETS_PER_USER: '5',
    LOG_LEVEL: 'debug',
  };
  system = await startSystemForTest({ gateways: 1, env });
  [gatewayUrl] = system.gatewayUrls as [string];
  stored = countWhatIsStored(system);
  forge = await tokenForger(system.kithData);
  [ann, bob, eve] = [await signUp(gatewayUrl, 'ann'), await signUp(gatewayUrl, 'bob'), await signUp(gatewayUrl, 'eve')];
  await makeFriends(ann, bob);
  await updateFriend(ann, bob.id, { remark: 'my own words' });
  const carl = await signUp(gatewayUrl, 'carl');
  requestToAnn = (await addFriend(carl, ann.id, { message: SECRET_MESSAGE })).request.id;
  before = await stored.now();
});
afterAll(async () => {
  await stored?.stop();
  await system?.stop();
});

const ME = '{ me { id } }';

interface Refusal {
  readonly status: number;
  readonly codes: (string | undefined)[];
  readonly errors: readonly AnsweredError[];
  readonly data: unknown;
  readonly headers: Headers;
}

async function send(
  url: string,
  body: unknown,
  { token, headers = {} }: { token?: string; headers?: Record<string, string> } = {},
): Promise<Refusal> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body),
  });
  const { data, errors = [] } = (await response.json()) as { data?: unknown; errors?: AnsweredError[] };
  const codes = errors.map(({ extensions }) => extensions?.code);
  return { status: response.status, codes, errors, data, headers: response.headers };
}

const ask = (query: string, variables: object = {}, token: string | undefined = eve.token) =>
  send(gatewayUrl, { query, variables }, token === undefined ? {} : { token });

async function expectNothingChanged(): Promise<void> {
  expect(await stored.now()).toEqual(before);
}

describe('tokens', () => {
  const nowS = () => Math.floor(Date.now() / 1000);
  const FORGERIES: [string, () => string][] = [
    ['alg none', () => forge.unsigned(ann.id)],
    ['HS256 with the public key', () => forge.hmacWithPublicKey(ann.id)],
    ['another’s key under our key id', () => forge.foreign(ann.id)],
    ['an unknown kid', () => forge.withHeader(ann.id, { kid: 'unknown' })],
    ['a kid that is a path', () => forge.withHeader(ann.id, { kid: '../../etc/passwd' })],
    [
      'a key brought along',
      () => forge.foreign(ann.id, { kid: undefined, jwk: { kty: 'OKP' }, jku: 'https://evil.example.org' }),
    ],
    ['a critical extension', () => forge.withHeader(ann.id, { crit: ['b64'], b64: false })],
    ['a wrong aud', () => forge.token(ann.id, { aud: 'other' })],
    ['a wrong iss', () => forge.token(ann.id, { iss: 'other' })],
    ['no exp', () => forge.token(ann.id, { exp: undefined })],
    ['no sub', () => forge.token(ann.id, { sub: undefined })],
    ['no sid', () => forge.token(ann.id, { sid: undefined })],
    ['an exp long past', () => forge.token(ann.id, { exp: nowS() - 3600 })],
    ['an exp past by more than clocks may differ', () => forge.token(ann.id, { exp: nowS() - 6 })],
    ['nothing but dots', () => '..'],
    ['16 KB', () => `${'x'.repeat(8_000)}.y.z`],
  ];

  test.each(FORGERIES)('%s is refused by the gateway, its sockets, and the services', async (_what, forged) => {
    const token = forged();
    expect(await ask(ME, {}, token)).toMatchObject({ status: 401, codes: ['UNAUTHENTICATED'], data: undefined });
    for (const { url } of [system.user, system.friend]) {
      const headers = { 'x-kith-gateway-key': system.gatewayKey };
      expect(await send(url, { query: '{ __typename }' }, { token, headers })).toMatchObject({
        status: 401,
        codes: ['UNAUTHENTICATED'],
      });
    }
    const socket = await openRawSocket(gatewayUrl);
    socket.send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
    expect((await socket.closed).code).toBe(4403);
    await expectNothingChanged();
  });

  test('the token of an ended session, and of a deleted user, work nowhere a second later', async () => {
    const enders: [string, (session: { accessToken: string; refreshToken: string }) => Promise<unknown>][] = [
      [
        'signs_out',
        (s) =>
          ask(
            'mutation ($i: SignOutInput!) { signOut(input: $i) { signedOut } }',
            { i: { refreshToken: s.refreshToken } },
            s.accessToken,
          ),
      ],
      [
        'leaves',
        (s) =>
          ask(
            'mutation ($i: DeleteAccountInput!) { deleteAccount(input: $i) { deleted } }',
            { i: { password: PASSWORD } },
            s.accessToken,
          ),
      ],
    ];
    for (const [username, end] of enders) {
      await signUp(gatewayUrl, username);
      const { data } = await send(gatewayUrl, {
        query: SIGN_IN,
        variables: { input: { username, password: PASSWORD } },
      });
      const session = (data as { signIn: { accessToken: string; refreshToken: string } }).signIn;
      expect((await ask(ME, {}, session.accessToken)).status).toBe(200);
      const first = await end(session);
      const gone = { status: 401, codes: ['SESSION_ENDED'] };
      const services = [system.user.url, system.friend.url].map((url) => ({
        url,
        headers: { 'x-kith-gateway-key': system.gatewayKey },
      }));
      for (const { url, headers } of [{ url: gatewayUrl, headers: {} }, ...services]) {
        const refused = async () =>
          (await send(url, { query: '{ __typename }' }, { token: session.accessToken, headers })).status === 401;
        await eventually(`${url} refuses the token`, refused);
        expect(await send(url, { query: '{ __typename }' }, { token: session.accessToken, headers })).toMatchObject(
          gone,
        );
      }
      // Whoever did not get the answer may ask once more.
      expect(await end(session)).toMatchObject({ status: 200, data: (first as Refusal).data });
    }
    before = await stored.now();
  });
});

describe('what is others’', () => {
  test.each<[string, () => [string, object], object]>([
    [
      'accepting a request to ann',
      () => [
        'mutation ($i: AcceptFriendRequestInput!) { acceptFriendRequest(input: $i) { listCursor } }',
        { i: { requestId: requestToAnn } },
      ],
      { codes: ['REQUEST_NOT_FOUND'] },
    ],
    [
      'declining it',
      () => [
        'mutation ($i: FriendRequestInput!) { declineFriendRequest(input: $i) { listCursor } }',
        { i: { requestId: requestToAnn } },
      ],
      { codes: ['REQUEST_NOT_FOUND'] },
    ],
    [
      'cancelling it',
      () => [
        'mutation ($i: FriendRequestInput!) { cancelFriendRequest(input: $i) { listCursor } }',
        { i: { requestId: requestToAnn } },
      ],
      { codes: ['REQUEST_NOT_FOUND'] },
    ],
    [
      'a remark on ann’s friend',
      () => [
        'mutation ($i: UpdateFriendInput!) { updateFriend(input: $i) { listCursor } }',
        { i: { userId: bob.id, remark: 'x' } },
      ],
      { codes: ['NOT_FRIENDS'] },
    ],
    [
      'unbinding ann',
      () => ['mutation ($i: RemoveFriendInput!) { removeFriend(input: $i) { changed } }', { i: { userId: ann.id } }],
      { codes: [], data: { removeFriend: { changed: false } } },
    ],
    [
      'unblocking whom one has not blocked',
      () => ['mutation ($i: BlockUserInput!) { unblockUser(input: $i) { changed } }', { i: { userId: ann.id } }],
      { codes: [], data: { unblockUser: { changed: false } } },
    ],
    [
      'ann’s friendship with bob',
      () => ['query ($id: ID!) { friend(userId: $id) { remark } }', { id: bob.id }],
      { codes: [], data: { friend: null } },
    ],
    ...[
      'friends { totalCount }',
      'friendRequests { totalCount }',
      'blockedUsers { edges { cursor } }',
      'suggestedFriends { mutualFriendCount }',
      'friendPolicy',
    ].map((field): [string, () => [string, object], object] => [
      `ann’s ${field}`,
      () => [`query ($id: ID!) { user(id: $id) { ${field} } }`, { id: ann.id }],
      { codes: ['FORBIDDEN'], data: { user: null } },
    ]),
    [
      'a list cursor of ann’s',
      () => [
        'query ($after: String) { friendListChanges(after: $after) { changes { __typename } } }',
        { after: annsCursor },
      ],
      { codes: [], data: { friendListChanges: { changes: [{ __typename: 'FriendListSnapshot' }] } } },
    ],
  ])('%s is not there for eve', async (_what, operation, expected) => {
    annsCursor ??= (await readPage(ann)).listCursor;
    const [query, variables] = operation();
    expect(await ask(query, variables)).toMatchObject(expected);
    await expectNothingChanged();
  });
  let annsCursor: string | undefined;
});

describe('operations', () => {
  const many = (count: number, part: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => part(n)).join(' ');
  const deep = (levels: number) =>
    `{ me ${'{ mutualFriends { edges { node '.repeat(levels)}{ id }${' } } }'.repeat(levels)} }`;
  const bomb = () =>
    `{ me { ...F0 } } ${many(12, (n) => `fragment F${n} on User { ${many(8, (m) => `a${n}_${m}: mutualFriends { edges { node { ...F${n + 1} } } }`)} }`)} fragment F12 on User { id }`;

  test.each<[string, () => string, string]>([
    ['10,000 levels', () => '{me'.repeat(10_000), 'tokens'],
    ['50 levels', () => deep(17), 'depth'],
    ['10,000 fields side by side', () => `{ me { ${many(10_000, () => 'id')} } }`, 'tokens'],
    ['101 fields side by side', () => `{ ${many(101, () => '... { me { id } }')} }`, 'breadth'],
    ['the same field over and over', () => `{ me { ${many(11, () => 'id')} } }`, 'duplicates'],
    ['an alias flood', () => `{ me { ${many(31, (n) => `a${n}: id`)} } }`, 'aliases'],
    ['an alias flood of __typename', () => `{ ${many(31, (n) => `a${n}: __typename`)} }`, 'aliases'],
    [
      'guesses under aliases',
      () =>
        `mutation { ${many(31, (n) => `a${n}: signIn(input: {username: "ann", password: "p${n}"}) { accessToken }`)} }`,
      'aliases',
    ],
    ['a directive flood', () => `{ me { id ${many(31, () => '@include(if: true)')} } }`, 'directives'],
    ['a fragment bomb', () => bomb().replaceAll(/a\d+_\d+: /g, ''), 'fields'],
    [
      'pages of pages',
      () =>
        '{ me { friends(first: 100) { edges { node { user { mutualFriends(first: 100) { edges { node { id nickname username avatarUrl createdAt } } } } } } } } }',
      'cost',
    ],
  ])('%s: 400 QUERY_TOO_COMPLEX, saying which limit', async (_what, query, limitOf) => {
    for (const accept of ['application/json', 'application/graphql-response+json']) {
      const refused = await send(gatewayUrl, { query: query() }, { token: eve.token, headers: { accept } });
      expect(refused).toMatchObject({ status: 400, codes: ['QUERY_TOO_COMPLEX'] });
      expect(refused.errors[0]!.extensions).toMatchObject({ limitOf, limit: expect.any(Number) });
    }
    const socket = await openRawSocket(gatewayUrl);
    socket.send({ type: 'connection_init' });
    await eventually('the socket is admitted', () => socket.messages.length === 1);
    socket.send({ id: '1', type: 'subscribe', payload: { query: query() } });
    const answer = await eventually('the refusal comes', () => socket.messages[1]);
    expect(JSON.stringify(answer.payload)).toContain('QUERY_TOO_COMPLEX');
    socket.cut();
    await expectNothingChanged();
  });

  test('fragments in a circle are an invalid document', async () => {
    const query = '{ me { ...A } } fragment A on User { id ...B } fragment B on User { id ...A }';
    expect(await ask(query)).toMatchObject({ status: 400, codes: [expect.stringMatching('BAD_USER_INPUT')] });
  });

  test('in production the schema is neither told nor hinted at, and nothing of the inside is shown', async () => {
    for (const query of ['{ __schema { types { name } } }', '{ __type(name: "User") { fields { name } } }']) {
      expect(await ask(query)).toMatchObject({ status: 400, data: undefined });
    }
    const { errors } = await ask('{ me { nickName friendz } }');
    expect(JSON.stringify(errors)).not.toMatch(/did you mean/i);
    expect(JSON.stringify(errors)).not.toMatch(/node_modules|\.ts:|stack/);
    const page = await fetch(`${gatewayUrl}/graphql`, { headers: { accept: 'text/html' } });
    expect(await page.text()).not.toContain('GraphiQL');
  });

  test.each<[string, string | Uint8Array, Record<string, string>, number]>([
    ['3 MB', JSON.stringify({ query: `{ me { id } } # ${'x'.repeat(3_000_000)}` }), {}, 413],
    ['invalid JSON', '{"query": "{ me', {}, 400],
    ['no JSON at all', '\u0000\u0001', {}, 400],
    [
      'invalid UTF-8',
      new Uint8Array([...Buffer.from('{"query":"{ me { id } } #'), 0xc3, 0x28, ...Buffer.from('"}')]),
      {},
      400,
    ],
    ['half a surrogate', '{"query":"{ user(id: \\"\\ud83d\\") { id } }"}', {}, 400],
    ['a batch', JSON.stringify([{ query: ME }, { query: ME }]), {}, 400],
    ['a form', `query=${encodeURIComponent(ME)}`, { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['multipart', '--x\r\n', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['text that is JSON', JSON.stringify({ query: ME }), { 'content-type': 'text/plain' }, 415],
    ['variables that are a list', JSON.stringify({ query: ME, variables: [] }), {}, 400],
    [
      '__proto__',
      '{"query":"{ me { id } }","variables":{"__proto__":{"polluted":true}},"__proto__":{"polluted":true}}',
      {},
      400,
    ],
  ])('a body that is %s', async (_what, body, headers, status) => {
    const refused = await send(gatewayUrl, body, { token: eve.token, headers });
    expect(refused.status).toBe(status);
    expect(refused.codes).toEqual(['BAD_USER_INPUT']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    await expectNothingChanged();
  });

  test('a mutation by GET is 405, by any other method nothing at all', async () => {
    const query = encodeURIComponent(`mutation { removeFriend(input: { userId: "${bob.id}" }) { changed } }`);
    const headers = { authorization: `Bearer ${ann.token}` };
    expect((await fetch(`${gatewayUrl}/graphql?query=${query}`, { headers })).status).toBe(405);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'HEAD']) {
      const { status } = await fetch(`${gatewayUrl}/graphql?query=${query}`, { method, headers });
      expect([404, 405]).toContain(status);
    }
    await expectNothingChanged();
  });

  test.each([
    ['2^53', 2 ** 53],
    ['2^31', 2 ** 31],
    ['101', 101],
    ['0', 0],
    ['-1', -1],
    ['-2^31', -(2 ** 31)],
    ['a fraction', 1.5],
  ])('a page of %s friends is refused', async (_what, first) => {
    const refused = await ask('query ($first: Int) { me { friends(first: $first) { totalCount } } }', { first });
    expect(refused.codes).toEqual(['BAD_USER_INPUT']);
    expect([200, 400]).toContain(refused.status);
  });

  test.each([
    'x',
    '',
    '../../etc/passwd',
    '\u0000',
    'eyJhIjoxfQ',
    Buffer.from('{"v":1,"owner":"x"}').toString('base64url'),
    'A'.repeat(5_000),
  ])('a forged page cursor (%.20s) is refused, a forged list cursor begins anew', async (after) => {
    const page = await ask('query ($after: String) { me { friends(after: $after) { totalCount } } }', { after });
    expect(page.codes).toEqual(['BAD_USER_INPUT']);
    const list = await ask(
      'query ($after: String) { friendListChanges(after: $after) { changes { ... on FriendListSnapshot { reason } } } }',
      { after },
    );
    expect(list.data).toEqual({ friendListChanges: { changes: [{ reason: 'CURSOR_INVALID' }] } });
    await expectNothingChanged();
  });

  test.each(['A\u0000nn', 'A\u001bnn', 'A\u202enn\nx', '\u0007'])('the nickname %j is refused', async (nickname) => {
    const refused = await ask('mutation ($i: UpdateProfileInput!) { updateProfile(input: $i) { user { id } } }', {
      i: { nickname },
    });
    expect(refused.errors[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', field: 'nickname' });
    await expectNothingChanged();
  });

  test.each([
    '👩‍👩‍👧‍👦🏳️‍🌈',
    'مُحَمَّد بن سلمان',
    'אבי 🕊',
    "'); DROP TABLE users;--",
    '<script>alert(1)</script>',
    '{{7*7}}',
  ])('the nickname %s is kept as it is', async (nickname) => {
    expect((await updateProfile(eve, { nickname })).nickname).toBe(nickname);
    before = await stored.now();
  });
});

describe('sign-in', () => {
  test('guessing ends in 429 with the time to wait, and the right password does not help then', async () => {
    await signUp(gatewayUrl, 'victim');
    before = await stored.now();
    // A header that anybody can write is nobody's address.
    const guess = (password: string, n: number) =>
      send(
        gatewayUrl,
        { query: SIGN_IN, variables: { input: { username: 'victim', password } } },
        { headers: { 'x-forwarded-for': `198.51.100.${n}`, 'x-kith-client-address': `198.51.100.${n}` } },
      );
    const answers = [];
    for (let n = 0; n < 11; n += 1) answers.push(await guess(n < 10 ? `wrong ${n}` : PASSWORD, n));
    expect(answers.slice(0, 10).map(({ codes }) => codes)).toEqual(Array(10).fill(['INVALID_CREDENTIALS']));
    expect(answers[10]).toMatchObject({ status: 429, codes: ['RATE_LIMITED'] });
    const { retryAfterMs } = answers[10]!.errors[0]!.extensions as { retryAfterMs?: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(Number(answers[10]!.headers.get('retry-after'))).toBe(Math.ceil(retryAfterMs! / 1000));
    await expectNothingChanged();
  });
});

describe('subgraphs, called directly', () => {
  const BODIES = [
    { query: '{ __typename }' },
    { query: '{ _service { sdl } }' },
    { query: 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id } } }', variables: { r: [] } },
    { query: 'mutation { signOut(input: { refreshToken: "x" }) { signedOut } }' },
  ];

  test('without the gateway’s key, or with another, nothing is answered', async () => {
    for (const { url } of [system.user, system.friend]) {
      for (const body of BODIES) {
        for (const key of [undefined, '', 'x', `${system.gatewayKey}x`, system.gatewayKey.toUpperCase()]) {
          const headers: Record<string, string> = key === undefined ? {} : { 'x-kith-gateway-key': key };
          expect(await send(url, body, { token: ann.token, headers })).toMatchObject({
            status: 401,
            codes: ['UNAUTHENTICATED'],
          });
        }
      }
    }
    await expectNothingChanged();
  });

  test('with the key, but as eve: what is ann’s is not there', async () => {
    const headers = { 'x-kith-gateway-key': system.gatewayKey };
    const query = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { friends { totalCount } } } }';
    const variables = { r: [{ __typename: 'User', id: ann.id }] };
    for (const token of [eve.token, undefined]) {
      const { data, codes } = await send(
        system.friend.url,
        { query, variables },
        { headers, ...(token !== undefined && { token }) },
      );
      expect(JSON.stringify(data)).not.toContain('totalCount');
      expect(['FORBIDDEN', 'UNAUTHENTICATED']).toContain(codes[0]);
    }
  });

  test('operators’ endpoints take the operator’s key alone', async () => {
    for (const [url, path] of [
      [system.user.url, '/operator/status'],
      [system.friend.url, '/operator/status'],
      [system.user.url, '/operator/reconcile'],
    ] as const) {
      for (const authorization of [undefined, `Bearer ${ann.token}`, `Bearer ${system.gatewayKey}`]) {
        const { status } = await fetch(`${url}${path}`, {
          headers: authorization === undefined ? {} : { authorization },
        });
        expect(status).toBe(401);
      }
    }
    for (const path of ['/operator/status', '/operator/import-users', '/tokens/ended']) {
      expect((await fetch(`${gatewayUrl}${path}`)).status).toBe(404);
    }
  });

  test('they listen on this machine alone', () => {
    for (const { url } of [system.user, system.friend]) expect(new URL(url).hostname).toBe('127.0.0.1');
  });
});

describe('sockets', () => {
  const INIT = () => ({ type: 'connection_init', payload: { authorization: `Bearer ${eve.token}` } });
  const WATCH = { query: 'subscription { friendListChanged { revision } }' };

  test.each([
    ['https://evil.example.org', 403],
    ['https://app.example.org.evil.org', 403],
    ['http://app.example.org', 403],
    ['null', 403],
    ['https://app.example.org', 101],
  ])('a page of %s: %i', async (origin, status) => {
    const opening = openRawSocket(gatewayUrl, { origin });
    if (status === 101) return (await opening).cut();
    await expect(opening).rejects.toMatchObject({ status });
  });

  test.each<[string, (open: () => Promise<Awaited<ReturnType<typeof openRawSocket>>>) => Promise<unknown>, number]>([
    [
      'a second init',
      async (open) => {
        const s = await open();
        s.send(INIT());
        s.send(INIT());
        return s.closed;
      },
      4429,
    ],
    [
      'a subscribe before init',
      async (open) => {
        const s = await open();
        s.send({ id: '1', type: 'subscribe', payload: WATCH });
        return s.closed;
      },
      4401,
    ],
    [
      'the same id twice',
      async (open) => {
        const s = await open();
        s.send(INIT());
        await eventually('admitted', () => s.messages.length > 0);
        s.send({ id: '1', type: 'subscribe', payload: WATCH });
        s.send({ id: '1', type: 'subscribe', payload: WATCH });
        return s.closed;
      },
      4409,
    ],
    [
      'no JSON',
      async (open) => {
        const s = await open();
        s.send('{"type":');
        return s.closed;
      },
      4400,
    ],
    [
      'an unknown message',
      async (open) => {
        const s = await open();
        s.send({ type: 'drop tables' });
        return s.closed;
      },
      4400,
    ],
    [
      'a frame of 1 MiB',
      async (open) => {
        const s = await open();
        s.send('x'.repeat(1024 * 1024));
        return s.closed;
      },
      1009,
    ],
    ['silence', async (open) => (await open()).closed, 4408],
  ])('%s closes the socket', async (_what, attack, code) => {
    expect(await attack(() => openRawSocket(gatewayUrl))).toMatchObject({ code });
  });

  test('one socket has so many operations at a time, one user so many sockets', async () => {
    const sockets = [];
    for (let n = 0; n < 6; n += 1) {
      const socket = await openRawSocket(gatewayUrl);
      socket.send(INIT());
      sockets.push(socket);
      if (n < 5) await eventually('admitted', () => socket.messages.length > 0);
    }
    expect(await sockets[5]!.closed).toMatchObject({ code: 1013 });
    const [socket] = sockets;
    for (let id = 0; id < 51; id += 1) socket!.send({ id: String(id), type: 'subscribe', payload: WATCH });
    const refused = await eventually('the last is refused', () =>
      socket!.messages.find(({ type }) => type === 'error'),
    );
    expect(refused).toMatchObject({
      id: '50',
      payload: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } }],
    });
    for (const each of sockets) each.cut();
  });

  test('5,000 sockets from one address: so many are let in, the rest get 429, and others are served', async () => {
    const opened: Awaited<ReturnType<typeof openRawSocket>>[] = [];
    let refused = 0;
    const open = async () => {
      try {
        opened.push(await openRawSocket(gatewayUrl));
      } catch (error) {
        expect(error).toBeInstanceOf(UpgradeRefused);
        expect(error).toMatchObject({ status: 429, retryAfter: '1' });
        refused += 1;
      }
    };
    // Uninitialised sockets are closed after a while: those that were open at one time are counted at the end.
    for (let done = 0; done < 5_000; done += 100) await Promise.all(Array.from({ length: 100 }, open));
    expect(refused).toBeGreaterThan(0);
    expect(opened.length + refused).toBe(5_000);
    expect((await ask(ME)).status).toBe(200);
    const metrics = await (await fetch(`${gatewayUrl}/metrics`)).text();
    expect(metrics).toContain('kith_gateway_operations_running');
    for (const socket of opened) socket.cut();
    await eventually('there is room again', () =>
      openRawSocket(gatewayUrl).then(
        (socket) => {
          socket.cut();
          return true;
        },
        () => false,
      ),
    );
  });

  test('a flood of headers is 431, too many bytes of them end the connection', async () => {
    const flood = `GET /graphql HTTP/1.1\r\nhost: x\r\n${Array.from({ length: 2_000 }, (_, n) => `x-${n}: ${'y'.repeat(20)}`).join('\r\n')}\r\n\r\n`;
    const conversation = await sendRawBytes(gatewayUrl, [flood]);
    expect(statusIn(conversation)).toBe(431);
    expect(conversation.closed).toBe(true);
  });

  test.concurrent.each<[string, string[]]>([
    ['says nothing', []],
    ['dribbles its headers', ['GET /graphql HTTP/1.1\r\n', ...Array.from({ length: 100 }, (_, n) => `x-${n}: y\r\n`)]],
    [
      'dribbles its upgrade',
      [
        'GET /graphql HTTP/1.1\r\nupgrade: websocket\r\nconnection: upgrade\r\n',
        ...Array.from({ length: 100 }, (_, n) => `x-${n}: y\r\n`),
      ],
    ],
  ])('a connection that %s is closed', async (_what, pieces) => {
    const conversation = await sendRawBytes(gatewayUrl, pieces, { everyMs: 500, untilMs: 60_000 });
    expect(conversation.closed).toBe(true);
  });

  test.concurrent('a body that never ends is cut off', async ({ expect }) => {
    const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"query"`;
    const conversation = await sendRawBytes(gatewayUrl, [head], { untilMs: 45_000 });
    expect(conversation.closed).toBe(true);
    expect(statusIn(conversation)).toBe(408);
  });
});

describe('pages of other sites', () => {
  const from = (origin: string, method = 'OPTIONS') =>
    fetch(`${gatewayUrl}/graphql`, {
      method,
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });

  test('a listed one may ask, with a token and without cookies; others may not', async () => {
    const good = await from('https://app.example.org');
    expect(good.status).toBe(204);
    expect(good.headers.get('access-control-allow-origin')).toBe('https://app.example.org');
    expect(good.headers.get('access-control-allow-headers')).toContain('authorization');
    expect(good.headers.get('access-control-allow-credentials')).toBeNull();
    const evil = await from('https://evil.example.org');
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
    expect(evil.headers.get('access-control-allow-headers')).toBeNull();
  });
});

test('every answer names its request, which the logs of all processes name as well', async () => {
  const { headers } = await send(
    gatewayUrl,
    { query: ME },
    { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } },
  );
  expect(headers.get('x-request-id')).toBe('0af7651916cd43dd8448eb211c80319c');
  expect((await ask(ME)).headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
});

// Last: after all of the above.
test('all processes are up and well, and their logs hold no password, no token, no message', async () => {
  for (const { url } of [system.gateways[0]!, system.user, system.friend])
    expect((await fetch(`${url}/ready`)).status).toBe(200);
  await expectNothingChanged();
  const folder = join(system.kithData, 'logs');
  for (const name of await readdir(folder)) {
    const text = await readFile(join(folder, name), 'utf8');
    for (const secret of [
      PASSWORD,
      SECRET_MESSAGE,
      'my own words',
      ann.token,
      eve.token,
      system.gatewayKey,
      system.operatorKey,
    ]) {
      expect(text.includes(secret), `${name} holds a secret`).toBe(false);
    }
    expect(text.split('\n').filter((line) => /"level":(50|60)/.test(line))).toEqual([]);
  }
});
