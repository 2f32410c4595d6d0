import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { HttpHandler } from '@kith/service-kit';

const HEADERS = '{ "authorization": "Bearer <accessToken>" }';

/** What a first visitor finds: the three steps that show a list change live. */
const FIRST_TABS = [
  {
    query: `# 1. Sign in, and copy the accessToken of the answer.

mutation SignIn {
  signIn(input: { username: "", password: "" }) {
    accessToken
    expiresAt
    user { id nickname }
  }
}
`,
  },
  {
    query: `# 2. Put the accessToken under "Headers" below, then run this:
#    each change of your friend list appears on the right.

subscription WatchFriendList {
  friendListChanged {
    __typename
    revision
    ... on FriendListSnapshot { complete friends { displayName user { id } } }
    ... on FriendAdded { friend { displayName user { id } } }
    ... on FriendChanged { friend { displayName remark user { id nickname } } }
    ... on FriendRemoved { userId }
    ... on FriendRequestAdded { request { id from { id nickname } message } }
    ... on FriendRequestClosed { requestId outcome }
  }
}
`,
    headers: HEADERS,
  },
  {
    query: `# 3. Elsewhere, signed in as one of your friends: change the name,
#    and look at the other page.

mutation ChangeNickname {
  updateProfile(input: { nickname: "" }) {
    user { id nickname }
  }
}
`,
    headers: HEADERS,
  },
];

/** A page of nine megabytes with everything in it, no CDN: rendered and compressed once, when first asked for. */
export function serveGraphiql(): HttpHandler {
  let page: Promise<Buffer> | undefined;
  return async (_request, response) => {
    page ??= promisify(gzip)(
      renderGraphiQL({
        title: 'Kith',
        endpoint: '/graphql',
        subscriptionsProtocol: 'WS',
        defaultTabs: FIRST_TABS,
        // They hold a token, which would stay in the browser, and in the way of the next sign-in once it has expired.
        shouldPersistHeaders: false,
      }),
    );
    const body = await page;
    response
      .writeHead(200, {
        'content-type': 'text/html; charset=utf-8',
        'content-encoding': 'gzip',
        'content-length': body.length,
        'cache-control': 'no-cache',
      })
      .end(body);
  };
}

/** A person who opens the address, not a program that asks. */
export function isBrowserVisit(request: IncomingMessage): boolean {
  const accepts = request.headers.accept ?? '';
  return request.method === 'GET' && accepts.includes('text/html') && !request.url?.includes('query=');
}
