import { isPublicHost } from '@kith/written-text/public-host';
import { isAllowedAddress, isPlainAddress, type Range } from './allowed-address.ts';
import { WebhookRefused } from './webhook-refused.ts';

/** What an operator has allowed beyond what anybody may be sent to. */
export interface Allowed {
  readonly http: boolean;
  /** Of addresses that are not public. */
  readonly ranges: readonly Range[];
}

const LONGEST_URL = 2_048;

/**
 * The URL of an endpoint, as WHATWG's URL writes it: decimal, octal and short IPv4 are plain addresses in it. What its name
 * resolves to is looked at when it is registered, and at each connection.
 *
 * @throws {WebhookRefused} for what is no URL of an endpoint that may be sent to
 */
export function readEndpointUrl(text: string, allowed: Allowed): URL {
  const refuse = (message: string) => new WebhookRefused('url', message);
  if (text.length > LONGEST_URL) throw refuse(`The URL is longer than ${LONGEST_URL} characters.`);
  if (!URL.canParse(text)) throw refuse('This is no URL: write https://host/path.');
  const url = new URL(text);
  if (url.protocol === 'http:' && !allowed.http) {
    throw refuse(
      'Only https:// is allowed: http:// would show events to whoever listens (WEBHOOK_ALLOW_HTTP=on allows it).',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refuse('Only https:// is allowed.');
  if (url.username !== '' || url.password !== '')
    throw refuse('Leave name and password out of the URL: requests are signed.');
  if (url.hash !== '') throw refuse('Leave out what follows the #: it would never be sent.');
  if (url.port === '0') throw refuse('There is no port 0.');
  if (!mayBeSentTo(url.hostname, allowed.ranges)) throw refuse(notPublic(url.hostname));
  return url;
}

/** @throws {WebhookRefused} when one of the addresses that a host has may not be connected to */
export function checkAddresses(hostname: string, addresses: readonly string[], ranges: readonly Range[]): void {
  const refused = addresses.find((address) => !isAllowedAddress(address, ranges));
  if (refused !== undefined) throw new WebhookRefused('url', notPublic(`${hostname} (${refused})`));
}

/** The address that a host is, without brackets; undefined when it is a name. */
export function addressIn(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1');
  return isPlainAddress(bare) ? bare : undefined;
}

/** Names of private networks are refused as long as no private range is allowed: then their addresses decide. */
function mayBeSentTo(hostname: string, ranges: readonly Range[]): boolean {
  const address = addressIn(hostname);
  if (address !== undefined) return isAllowedAddress(address, ranges);
  return hostname !== '' && (ranges.length > 0 || isPublicHost(hostname));
}

const notPublic = (host: string) =>
  `${host} is not on the public internet: WEBHOOK_ALLOWED_RANGES says which private addresses may be sent to.`;
