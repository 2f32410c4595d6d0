import type { IncomingMessage } from 'node:http';

/**
 * Normalization of the request target (https://www.rfc-editor.org/rfc/rfc9112#section-3.2): absolute form, as a proxy
 * sends it, becomes origin form, and its host replaces `Host`. Returns the path without trailing slashes.
 */
export function readRequestTarget(request: IncomingMessage): string {
  const { url = '/' } = request;
  if (url.charCodeAt(0) !== SLASH) toOriginForm(request, url);
  return withoutSlash(pathOf(request.url ?? '/'));
}

/** For a handler that matches its path exactly. */
export function useTarget(request: IncomingMessage, path: string): void {
  const url = request.url ?? '/';
  const written = pathOf(url);
  if (written !== path) request.url = path + url.slice(written.length);
}

/**
 * Whether `Host` can be the host of a URL; a missing or empty one is valid. Its value reaches libraries that build a
 * URL from it (https://www.rfc-editor.org/rfc/rfc9112#section-3.2).
 */
export function namesAHost({ headers: { host = '' } }: IncomingMessage): boolean {
  if (host === '' || host === lastGoodHost) return true;
  const isGood = /^(\[[\d.:a-f]+\]|[\w.~!$&'()*+,;=%-]+)(:\d*)?$/i.test(host) && URL.canParse(`http://${host}`);
  if (isGood) lastGoodHost = host;
  return isGood;
}

/** Most requests have the same host. */
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
