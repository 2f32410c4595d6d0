import type { IncomingMessage, ServerResponse } from 'node:http';
import { ConfigError, isLoopbackName, type Logger } from '@kith/service-kit';
import type { IsFromTrustedProxy } from '../request/client-address.ts';

/** Which web sites may speak to the gateway from a visitor's browser. */
export interface AllowedOrigins {
  /** A request without an Origin is not a browser's doing; one from the gateway's own site always may. */
  allows(request: IncomingMessage): boolean;
  /** Answers a preflight (true: it is answered), and gives a cross-site request its headers. */
  share(request: IncomingMessage, response: ServerResponse): boolean;
  /** Tells the log why a page's socket was refused. */
  tellRefused(request: IncomingMessage): void;
}

export interface OriginOptions {
  readonly isFromTrustedProxy: IsFromTrustedProxy;
  /** Whether pages of loopback may, such as those of a development server: in development alone. */
  readonly loopback?: boolean;
  readonly log?: Pick<Logger, 'warn'>;
}

/** A page repeats what it is refused, and anybody may invent origins: each is told of once, and so many at most. */
const MOST_ORIGINS_TOLD = 100;

const METHODS = 'GET, HEAD, POST, OPTIONS';
const HEADERS = 'content-type, authorization, x-request-id, traceparent, last-event-id';
const EXPOSED = 'x-request-id, retry-after';
const PREFLIGHT_IS_GOOD_FOR_S = 600;

/**
 * `origins`: exact origins (`https://app.example.org`), separated by commas; `*` for any. Cookies are never asked for:
 * tokens travel in a header. The gateway's own site is its `Host`, and what a trusted proxy that rewrites it says in
 * `X-Forwarded-Host`: no page can set that header without asking first. ConfigError naming ALLOWED_ORIGINS when one is
 * not an origin.
 */
export function readAllowedOrigins(
  origins: string,
  { isFromTrustedProxy, loopback = false, log }: OriginOptions,
): AllowedOrigins {
  const listed = new Set(origins.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()])));
  for (const origin of listed) checkOrigin(origin);
  const any = listed.has('*');

  const allows = (request: IncomingMessage) => {
    const { origin } = request.headers;
    if (origin === undefined || any || listed.has(origin) || (loopback && isOnLoopback(origin))) return true;
    const { host, 'x-forwarded-host': forwarded } = request.headers;
    if (isHostOf(origin, host)) return true;
    if (forwarded === undefined || !isFromTrustedProxy(request)) return false;
    return String(forwarded)
      .split(',')
      .some((each) => isHostOf(origin, each.trim()));
  };
  const told = new Set<string>();
  const tellRefused = ({ headers: { origin } }: IncomingMessage) => {
    if (origin === undefined || told.has(origin) || told.size >= MOST_ORIGINS_TOLD) return;
    told.add(origin);
    log?.warn(
      { origin },
      `a page of another site was refused: to let it in, set ALLOWED_ORIGINS=${[...listed, origin]}`,
    );
  };
  return {
    allows,
    tellRefused,
    share(request, response) {
      const { origin } = request.headers;
      const preflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
      if (origin === undefined) return false;
      response.setHeader('vary', 'origin');
      if (allows(request)) {
        response.setHeader('access-control-allow-origin', origin);
        response.setHeader('access-control-expose-headers', EXPOSED);
      } else tellRefused(request);
      if (!preflight) return false;
      if (allows(request)) {
        response.setHeader('access-control-allow-methods', METHODS);
        response.setHeader('access-control-allow-headers', HEADERS);
        response.setHeader('access-control-max-age', PREFLIGHT_IS_GOOD_FOR_S);
      }
      response.writeHead(204).end();
      return true;
    },
  };
}

/** Whether the origin is a site of that host: in any case, and with the port that its scheme has anyway or without. */
function isHostOf(origin: string, host: string | undefined): boolean {
  if (!host || !URL.canParse(origin)) return false;
  const { protocol, host: wanted } = new URL(origin);
  if (wanted === '' || /[/?#@\\]/.test(host)) return false;
  const said = `${protocol}//${host}`;
  return wanted === host || (URL.canParse(said) && new URL(said).host === wanted);
}

/** In the one spelling that browsers use. */
function isOnLoopback(origin: string): boolean {
  const url = URL.parse(origin);
  return url !== null && url.origin === origin && /^https?:$/.test(url.protocol) && isLoopbackName(url.hostname);
}

function checkOrigin(origin: string): void {
  const exact = URL.canParse(origin) && new URL(origin).origin === origin && !origin.includes('*');
  if (origin === '*' || exact) return;
  throw new ConfigError('ALLOWED_ORIGINS', `"${origin}" is no origin: write it like https://app.example.org`);
}
