import type { IncomingMessage } from 'node:http';

/**
 * Normalization of the request target (https://www.rfc-editor.org/rfc/rfc9112#section-3.2): one in absolute form, as a
 * proxy sends it, is brought to origin form, and what it says of the host counts. Answers the path, without the slashes
 * at its end.
 */
export function readRequestTarget(request: IncomingMessage): string {
  const { url = '/' } = request;
  if (url.charCodeAt(0) !== SLASH) toOriginForm(request, url);
  return withoutSlash(pathOf(request.url ?? '/'));
}

/** For a handler that knows its path to the letter. */
export function useTarget(request: IncomingMessage, path: string): void {
  const url = request.url ?? '/';
  const written = pathOf(url);
  if (written !== path) request.url = path + url.slice(written.length);
}

/**
 * Whether `Host` can be the host of a URL; none, or an empty one, is no mistake. What it says reaches libraries that make
 * a URL of it (https://www.rfc-editor.org/rfc/rfc9112#section-3.2).
 */
export function namesAHost({ headers: { host = '' } }: IncomingMessage): boolean {
  if (host === '' || host === lastGoodHost) return true;
  const isGood = /^(\[[\d.:a-f]+\]|[\w.~!$&'()*+,;=%-]+)(:\d*)?$/i.test(host) && URL.canParse(`http://${host}`);
  if (isGood) lastGoodHost = host;
  return isGood;
}

/** Most requests are to the same. */
let lastGoodHost: string | undefined;

const SLASH = 47;

function toOriginForm(request: IncomingMessage, url: string): void {
  const [, host, rest = ''] = /^https?:\/\/(?:[^/?#@]*@)?([^/?#]+)(.*)$/i.exec(url) ?? [];
  if (host === undefined) {
    request.url = url;
    return;
  }
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
  request.headers.host = host;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function withoutSlash(path: string): string {
  let end = path.length;
  while (end > 1 && path.charCodeAt(end - 1) === SLASH) end -= 1;
  return path.slice(0, end);
}
