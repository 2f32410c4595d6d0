import type { ConnectionOptions } from 'nats';
import { NatsAccessError } from './nats-access-error.ts';

/** Where NATS is, and who this process is there. */
export interface NatsAddress {
  /** `host:port` each; the client connects to one of them. */
  readonly servers: readonly string[];
  /** What the client sends; nothing for a server that asks nobody who they are. */
  readonly credentials: Pick<ConnectionOptions, 'user' | 'pass' | 'token'>;
  /** Whether the URL says `tls://`: then nothing is sent in the clear. */
  readonly encrypted: boolean;
  /** Replies come under a prefix of this user's own, which the server can keep others from listening to. */
  readonly inboxPrefix: string;
  /** For messages: servers and user, and never a secret. */
  readonly shown: string;
}

const bad = (what: string) => new NatsAccessError('BAD_NATS_URL', 'NATS_URL', what);

const DEFAULT_PORT = '4222';
const SUBJECT_TOKEN = /^[\w-]+$/;

/**
 * Reads `nats://user:password@host:port`, `nats://token@host:port`, or several of them separated by commas, of which
 * the first that names somebody says who we are at all of them. Credentials are percent-encoded, as in any URL. (The
 * client itself takes host and port from a URL, and drops the rest.)
 *
 * @throws {NatsAccessError}
 */
export function readNatsUrl(text: string): NatsAddress {
  const urls = text.split(',').map((part) => parsed(part.trim()));
  const named = urls.find(({ username, password }) => username !== '' || password !== '');
  const credentials = named ? credentialsIn(named) : {};
  const others = urls.filter((url) => url.username !== '' && named && credentialText(url) !== credentialText(named));
  if (others.length > 0) throw bad('names different credentials for its servers: one user is enough.');
  const servers = urls.map(({ hostname, port }) => `${hostname}:${port || DEFAULT_PORT}`);
  const { user } = credentials;
  return {
    servers,
    credentials,
    encrypted: urls.some(({ protocol }) => protocol === 'tls:'),
    // Below the client's own prefix, so that a server which allows a user `_INBOX.>` allows this too.
    inboxPrefix: user !== undefined && SUBJECT_TOKEN.test(user) ? `_INBOX.${user}` : '_INBOX',
    shown: `${servers.join(', ')}${whoIn(credentials)}`,
  };
}

/** The same for the client's `connect`. @throws {NatsAccessError} */
export function natsOptions(text: string): ConnectionOptions {
  const { servers, credentials, encrypted, inboxPrefix } = readNatsUrl(text);
  return { servers: [...servers], ...credentials, ...(encrypted && { tls: {} }), inboxPrefix };
}

function parsed(part: string): URL {
  // Of a list, the first may say the scheme for all.
  const text = part.includes('://') ? part : `nats://${part}`;
  if (!URL.canParse(text)) throw bad('is not a URL as nats://user:password@host:4222 (percent-encoded).');
  const url = new URL(text);
  if (!['nats:', 'tls:'].includes(url.protocol)) throw bad('must start with nats:// or tls://.');
  if (url.hostname === '') throw bad('names no host.');
  // An unencoded / ? or # in a password would otherwise cut it off, and what is left may well be an address.
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw bad('has something behind the port: percent-encode what is special in a password.');
  }
  return url;
}

function credentialsIn(url: URL): NatsAddress['credentials'] {
  try {
    const user = decodeURIComponent(url.username);
    if (url.password === '') return { token: user };
    return { user, pass: decodeURIComponent(url.password) };
  } catch {
    throw bad('has a % in its credentials that encodes nothing: write %25 for a percent sign.');
  }
}

const credentialText = ({ username, password }: URL) => `${username}:${password}`;

function whoIn({ user, token }: NatsAddress['credentials']): string {
  if (user !== undefined) return ` (as ${user})`;
  return token !== undefined ? ' (by token)' : ' (without credentials)';
}
