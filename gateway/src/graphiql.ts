import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { HttpHandler } from '@kith/service-kit';

const FIRST_TAB = `# Welcome to Kith. The headers editor below takes the token that signIn answers:
#   { "authorization": "Bearer <accessToken>" }

mutation SignIn {
  signIn(input: { username: "", password: "" }) {
    accessToken
    user { id nickname }
  }
}
`;

/** A page of nine megabytes with everything in it, no CDN: rendered and compressed once, when first asked for. */
export function serveGraphiql(): HttpHandler {
  let page: Promise<Buffer> | undefined;
  return async (_request, response) => {
    page ??= promisify(gzip)(
      renderGraphiQL({
        title: 'Kith',
        endpoint: '/graphql',
        subscriptionsProtocol: 'WS',
        defaultQuery: FIRST_TAB,
        shouldPersistHeaders: true,
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
