import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { HttpHandler } from '@kith/service-kit';
import { weightOf } from '../request/prefer-media-types.ts';
import { browserHeaders, policyOfSelfContainedPage } from './browser-headers.ts';

/**
 * What a first visitor finds: the three steps that show a list change live. In one tab, since tabs are slow to switch,
 * and in lines that fit its width.
 */
const FIRST_STEPS = `# 1. Sign in, and put the accessToken of the answer
# under "Headers", below:
#   { "authorization": "Bearer <accessToken>" }

mutation SignIn {
  signIn(input: {
    username: ""
    password: ""
  }) {
    accessToken
    user { id nickname }
  }
}

# 2. Watch: each change of your friend list appears
# on the right.

subscription WatchFriendList {
  friendListChanged {
    __typename
    revision
    ... on FriendListSnapshot {
      complete
      friends { displayName user { id } }
    }
    ... on FriendAdded { friend { displayName } }
    ... on FriendChanged { friend { displayName } }
    ... on FriendRemoved { userId }
    ... on FriendRequestAdded { request { id } }
    ... on FriendRequestClosed { outcome }
  }
}

# 3. On another page, signed in as one of your
# friends: change the name, and look here.

mutation ChangeNickname {
  updateProfile(input: { nickname: "" }) {
    user { nickname }
  }
}
`;

/** A page of nine megabytes with everything in it, no CDN: rendered and compressed once, when first asked for. */
export function serveGraphiql(): HttpHandler {
  let page: Promise<{ body: Buffer; headers: Readonly<Record<string, string>> }> | undefined;
  return async (_request, response) => {
    page ??= renderPage();
    const { body, headers } = await page;
    response.writeHead(200, headers).end(body);
  };
}

async function renderPage(): Promise<{ body: Buffer; headers: Readonly<Record<string, string>> }> {
  const html = renderGraphiQL({
    title: 'Kith',
    endpoint: '/graphql',
    subscriptionsProtocol: 'WS',
    defaultQuery: FIRST_STEPS,
    // They hold a token, which would stay in the browser, and in the way of the next sign-in once it has expired.
    shouldPersistHeaders: false,
  });
  const body = await promisify(gzip)(html);
  return {
    body,
    headers: {
      ...browserHeaders(policyOfSelfContainedPage(html)),
      'content-type': 'text/html; charset=utf-8',
      'content-encoding': 'gzip',
      'content-length': String(body.length),
      'cache-control': 'no-cache',
    },
  };
}

/** A person who opens the address, not a program that asks; with `?query=…` the operation is shown, not run. */
export function isBrowserVisit(request: IncomingMessage): boolean {
  if (request.method !== 'GET') return false;
  const { accept = '' } = request.headers;
  const weight = weightOf('text/html', accept);
  return weight > 0 && weight >= weightOf('application/json', accept);
}
