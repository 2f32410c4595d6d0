import { KithError } from '@kith/service-kit';
import { type Allowed, addressIn, checkAddresses, readEndpointUrl } from '../domain/endpoint-url.ts';
import { WebhookRefused } from '../domain/webhook-refused.ts';
import type { Resolve } from './guarded-connections.ts';

const NO_SUCH_NAME = ['ENOTFOUND', 'ENODATA'];

/**
 * The URL of an endpoint that is to be registered, with the addresses of its host looked at. They are looked at once more
 * for each connection, for names may lead elsewhere later.
 *
 * @throws {WebhookRefused} for what may not be sent to, and for a name that there is not
 * @throws {KithError} SERVICE_UNAVAILABLE when nobody answers what the name is
 */
export async function resolveEndpointUrl(text: string, allowed: Allowed, resolve: Resolve): Promise<URL> {
  const url = readEndpointUrl(text, allowed);
  if (addressIn(url.hostname) !== undefined) return url;
  const found = await resolve(url.hostname).catch((error: NodeJS.ErrnoException) => {
    if (NO_SUCH_NAME.includes(error.code ?? '')) throw new WebhookRefused('url', `There is no host ${url.hostname}.`);
    throw new KithError(
      'SERVICE_UNAVAILABLE',
      `Nobody says now what ${url.hostname} is: try again.`,
      {},
      { cause: error },
    );
  });
  checkAddresses(
    url.hostname,
    found.map(({ address }) => address),
    allowed.ranges,
  );
  return url;
}
