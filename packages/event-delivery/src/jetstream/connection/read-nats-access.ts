import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import {
  type Authenticator,
  type ConnectionOptions,
  credsAuthenticator,
  nkeyAuthenticator,
  nkeys,
  type TlsOptions,
} from 'nats';
import { NatsAccessError, type NatsVariable } from './nats-access-error.ts';
import { readNatsUrl } from './read-nats-url.ts';

/** Credentials and trusted CAs of a process on NATS, in addition to NATS_URL. Files are PEM or NATS' own formats. */
export interface NatsCredentials {
  /** NATS_TOKEN: for a token that must not be part of a URL. */
  readonly token?: string | undefined;
  /** NATS_NKEY_SEED_FILE: the seed of a user's NKey, `SU…`, alone in a file. */
  readonly nkeySeedFile?: string | undefined;
  /** NATS_CREDS_FILE: a JWT of a user and its seed, as `nsc` writes them. */
  readonly credsFile?: string | undefined;
  /** NATS_CA_FILE: the CAs trusted to sign the servers' certificates. */
  readonly caFile?: string | undefined;
  /** NATS_CERT_FILE and NATS_KEY_FILE: our own certificate, for a server that asks for one. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** How to reach NATS: the client's options, and what messages may show. */
export interface NatsAccess {
  readonly options: ConnectionOptions;
  readonly inboxPrefix: string;
  /** Servers and user, without secrets. */
  readonly shown: string;
  /** The variable with our credentials: the one to correct when the server refuses us. */
  readonly variable: NatsVariable;
}

const bad = (variable: NatsVariable, what: string, cause?: unknown) =>
  new NatsAccessError('BAD_NATS_CREDENTIALS', variable, what, cause);

/** The credentials that an environment, or a configuration read from it, holds. */
export function natsCredentialsIn(
  variables: Readonly<Partial<Record<NatsVariable, string | undefined>>>,
): NatsCredentials {
  return {
    token: variables.NATS_TOKEN || undefined,
    nkeySeedFile: variables.NATS_NKEY_SEED_FILE || undefined,
    credsFile: variables.NATS_CREDS_FILE || undefined,
    caFile: variables.NATS_CA_FILE || undefined,
    certFile: variables.NATS_CERT_FILE || undefined,
    keyFile: variables.NATS_KEY_FILE || undefined,
  };
}

/**
 * Reads how NATS is to be reached, from NATS_URL and the other variables. Files are read now, to fail early, and again
 * at each connection: credentials are rotated by rewriting the file, without a restart.
 *
 * @param name of the process: the inbox prefix of a process without a user or token
 * @throws {NatsAccessError}
 */
export function readNatsAccess(url: string, credentials: NatsCredentials, name: string): NatsAccess {
  const address = readNatsUrl(url);
  const identity = readIdentity(credentials);
  const inUrl = Object.keys(address.credentials).length > 0;
  if (inUrl && identity) throw bad(identity.variable, 'NATS_URL says who we are already: one of both is enough.');
  const tls = readTls(credentials, address.servers);
  const inboxPrefix = inUrl ? address.inboxPrefix : inboxOf(name);
  const who = identity?.who ?? (credentials.certFile && !inUrl ? 'by certificate' : undefined);
  return {
    options: {
      servers: [...address.servers],
      ...address.credentials,
      ...identity?.options,
      ...((tls || address.encrypted) && { tls: tls ?? { checkServerIdentity: checksIdentity(address.servers) } }),
      inboxPrefix,
    },
    inboxPrefix,
    shown: who === undefined ? address.shown : `${address.servers.join(', ')} (${who})`,
    variable: identity?.variable ?? (credentials.certFile && !inUrl ? 'NATS_CERT_FILE' : 'NATS_URL'),
  };
}

/** Below the client's own prefix, so that a server which allows a user `_INBOX.>` allows this too. */
const inboxOf = (name: string) => (/^[\w-]+$/.test(name) ? `_INBOX.${name}` : '_INBOX');

interface Identity {
  readonly variable: NatsVariable;
  readonly who: string;
  readonly options: Pick<ConnectionOptions, 'token' | 'authenticator'>;
}

function readIdentity({ token, nkeySeedFile, credsFile }: NatsCredentials): Identity | undefined {
  const given: Identity[] = [];
  if (token) given.push({ variable: 'NATS_TOKEN', who: 'by token', options: { token } });
  if (nkeySeedFile) {
    given.push({ variable: 'NATS_NKEY_SEED_FILE', who: 'by NKey', options: { authenticator: byNkey(nkeySeedFile) } });
  }
  if (credsFile) {
    given.push({
      variable: 'NATS_CREDS_FILE',
      who: 'by credentials file',
      options: { authenticator: byCreds(credsFile) },
    });
  }
  const [first, second] = given;
  if (first && second) throw bad(second.variable, `${first.variable} says who we are already: one of both is enough.`);
  return first;
}

function byNkey(file: string): Authenticator {
  const seedIn = (text: string) => new TextEncoder().encode(text.trim());
  const check = (text: string) => {
    const [kind] = nkeys.fromSeed(seedIn(text)).getPublicKey();
    if (kind !== 'U') throw new Error(`it is the key of another kind (${kind}…)`);
  };
  const read = readsAnew('NATS_NKEY_SEED_FILE', file, check, 'holds no seed of a user (SU…)');
  return (nonce) => nkeyAuthenticator(seedIn(read()))(nonce);
}

function byCreds(file: string): Authenticator {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const check = (text: string) => void credsAuthenticator(bytes(text))('nonce');
  const read = readsAnew('NATS_CREDS_FILE', file, check, 'holds no JWT of a user with its seed, as nsc writes them');
  return (nonce) => credsAuthenticator(bytes(read()))(nonce);
}

/**
 * Reads a file at each call. If it later cannot be read, or is half written, the last good content is used: an
 * authenticator that throws would close the connection for ever.
 */
function readsAnew(
  variable: NatsVariable,
  file: string,
  check: (text: string) => void,
  otherwise: string,
): () => string {
  const read = (): string => {
    const text = readText(variable, file);
    try {
      check(text);
    } catch (error) {
      throw bad(variable, `${file} ${otherwise}.`, error);
    }
    return text;
  };
  let good = read();
  return () => {
    try {
      good = read();
    } catch {
      // The last good content is tried again; the server decides whether it is still valid.
    }
    return good;
  };
}

function readText(variable: NatsVariable, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw bad(variable, `${file} cannot be read (${(error as NodeJS.ErrnoException).code}).`, error);
  }
}

type Tls = TlsOptions & { checkServerIdentity: typeof checkServerIdentity };

function readTls({ caFile, certFile, keyFile }: NatsCredentials, servers: readonly string[]): Tls | undefined {
  if (certFile && !keyFile) throw bad('NATS_KEY_FILE', 'is required beside NATS_CERT_FILE.');
  if (keyFile && !certFile) throw bad('NATS_CERT_FILE', 'is required beside NATS_KEY_FILE.');
  if (!caFile && !certFile) return undefined;
  const ca = caFile && readText('NATS_CA_FILE', caFile);
  const cert = certFile && readText('NATS_CERT_FILE', certFile);
  const key = keyFile && readText('NATS_KEY_FILE', keyFile);
  if (ca && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw bad('NATS_CA_FILE', `${caFile} holds no certificate (PEM).`);
  usable('NATS_CA_FILE', `${caFile} holds no certificate (PEM).`, { ca });
  usable('NATS_CERT_FILE', `${certFile} holds no certificate (PEM).`, { cert });
  usable('NATS_KEY_FILE', `${keyFile} holds no private key without a passphrase (PEM).`, { key });
  usable('NATS_KEY_FILE', `${keyFile} is not the key of the certificate in NATS_CERT_FILE.`, { cert, key });
  return {
    ...(caFile && { caFile }),
    ...(certFile && keyFile && { certFile, keyFile }),
    checkServerIdentity: checksIdentity(servers),
  };
}

function usable(variable: NatsVariable, otherwise: string, context: Parameters<typeof createSecureContext>[0]): void {
  try {
    createSecureContext(context);
  } catch (error) {
    throw bad(variable, otherwise, error);
  }
}

/**
 * Verifies that a certificate is of one of our servers. For a server reached by IP address the client passes no host
 * name, and Node would check for `localhost`: then the certificate must match one of the configured addresses.
 */
function checksIdentity(servers: readonly string[]) {
  const addresses = servers
    .map((server) => server.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''))
    .filter((host) => isIP(host));
  return (host: string, certificate: PeerCertificate): Error | undefined => {
    const wrong = checkServerIdentity(host, certificate);
    if (!wrong || host !== 'localhost') return wrong;
    return addresses.some((address) => !checkServerIdentity(address, certificate)) ? undefined : wrong;
  };
}
