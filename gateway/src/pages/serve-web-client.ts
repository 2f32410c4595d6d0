import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { type HttpHandler, sendJson } from '@kith/service-kit';
import sirv from 'sirv';
import { weightOf } from '../request/prefer-media-types.ts';
import { browserHeaders, WEB_CLIENT_POLICY } from './browser-headers.ts';

/**
 * The built web client: its files with what Vite has compressed beside them, those with a hash in their name for good,
 * and its page for every other address that a browser visits. undefined when nothing is built in `folder`.
 */
export function serveWebClient(folder: string): HttpHandler | undefined {
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const headers = browserHeaders(WEB_CLIENT_POLICY);
  const serve = sirv(folder, {
    etag: true,
    gzip: true,
    brotli: true,
    setHeaders(response, path) {
      const isHashed = path.startsWith('/assets/');
      response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    },
  });
  return (request, response) => {
    const notThere = () => sendJson(response, 404, { error: 'There is nothing here.' });
    if (request.method !== 'GET' && request.method !== 'HEAD') return notThere();
    // Any range may be answered with the whole file (https://www.rfc-editor.org/rfc/rfc9110#section-14.2). sirv takes
    // what is none for one, and others for another.
    delete request.headers.range;
    const codings = request.headers['accept-encoding'] ?? '';
    // It looks for their names alone.
    request.headers['accept-encoding'] = CODINGS.filter((coding) => weightOf(coding, codings) > 0).join(', ');
    response.once('pipe', (file: Readable) => closeWithAnswer(file, response));
    serve(request, response, () => {
      if (!visitsAPage(request)) return notThere();
      // The client has addresses of its own: /requests, /people/…
      request.url = '/';
      // Parsed once already, by sirv, which keeps it on the request.
      Reflect.deleteProperty(request, '_parsedUrl');
      serve(request, response, notThere);
    });
  };
}

/** In which there may be files beside the others. */
const CODINGS = ['br', 'gzip'];

/** sirv leaves a file open whose reader has gone, and one that cannot be read would end the process. */
function closeWithAnswer(file: Readable, response: ServerResponse): void {
  file.on('error', () => response.destroy());
  response.once('close', () => file.destroy());
}

function visitsAPage(request: IncomingMessage): boolean {
  return weightOf('text/html', request.headers.accept ?? '') > 0 && !/\.\w+$/.test(request.url?.split('?')[0] ?? '');
}

/**
 * Whom a visitor may sign in as, where the system was seeded with the demonstration: the file that says so, or `null`.
 * It is written after the gateway has started, so it is read when it is asked for.
 */
export function serveDemonstration(file: string | undefined): HttpHandler {
  return async (_request, response) => {
    const text = file === undefined ? undefined : await readFile(file, 'utf8').catch(() => undefined);
    response
      .writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
      .end(text ?? 'null');
  };
}
