/**
 * The failure classifier: tells an outage of something we depend on (transient: it passes, and a retry is worth it) from
 * a fault of the request, the message or the code. There is one for commands, consumers, circuits and readiness: what
 * one of them waits out, no other may take for a fault. An outage is told to a client as SERVICE_UNAVAILABLE, is waited
 * out by a consumer however long it takes, and never ends in a dead letter.
 *
 * Looks through causes, through the errors of an AggregateError, and through Prisma's `meta`, down to the driver's own.
 */
export function isOutage(error: unknown): boolean {
  return chainOf(error).some(saysOutage);
}

/** Serialization failure and deadlock: the transaction did nothing wrong and is tried again. */
export function lostToOthers(error: unknown): boolean {
  return chainOf(error).some((each) => codesOf(each).some((code) => code === '40001' || code === '40P01'));
}

/** The server may only be read: it was demoted, or is about to be. A new connection finds the server that took over. */
export function isReadOnly(error: unknown): boolean {
  return chainOf(error).some(
    (each) => codesOf(each).includes('25006') || REDIS_READ_ONLY.test(textOf(each, 'message')),
  );
}

/** Node's sockets and names (https://nodejs.org/api/errors.html#common-system-errors), handles that ran out, undici. */
const NETWORK = [
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EAI_AGAIN', 'EAI_FAIL', 'ENOTFOUND'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'ENETRESET', 'EADDRNOTAVAIL', 'EMFILE', 'ENFILE'],
  ...['ERR_SOCKET_CLOSED', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'],
  ...['UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'],
  ...['UND_ERR_CLOSED', 'UND_ERR_DESTROYED'],
];

/**
 * TLS (https://nodejs.org/api/tls.html#x509-certificate-error-codes): a certificate that has expired, or is being
 * replaced, is its server's, and no fault of what was asked.
 */
const TLS = [
  ...[
    'CERT_HAS_EXPIRED',
    'CERT_NOT_YET_VALID',
    'CERT_REVOKED',
    'CERT_REJECTED',
    'CERT_UNTRUSTED',
    'CERT_CHAIN_TOO_LONG',
  ],
  ...['CERT_SIGNATURE_FAILURE', 'UNABLE_TO_GET_ISSUER_CERT', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'INVALID_CA'],
  ...['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'SELF_SIGNED_CERT_IN_CHAIN', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ...['HOSTNAME_MISMATCH', 'ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_HANDSHAKE_TIMEOUT'],
];
/** What OpenSSL says of a handshake. */
const OPENSSL = /^ERR_SSL_/;

/** Prisma: not reached, reached too late, locked out, lost, no connection or transaction in time, lost to others. */
const PRISMA = ['P1000', 'P1001', 'P1002', 'P1003', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'];

/** Prisma's driver adapter, where Node's own code does not come with it: a socket that was refused, reset, or timed out. */
const PRISMA_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError']);

/** Our own services' answer, and a broker that stored nothing yet (publish-failed.ts). */
const OURS = ['SERVICE_UNAVAILABLE', 'NOT_CONNECTED', 'NO_ACK', 'NOT_SENT'];

const CODES = new Set([...NETWORK, ...TLS, ...PRISMA, ...OURS]);

/**
 * SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html: connection lost (08), read-only (25006: the
 * old primary of a failover), cut off while idle in a transaction or when that took too long (25P03, 25P04), not let in
 * (28) or no such database (3D000), which a rotated password and a database that is restored look like, rolled back for
 * others' sake (40), resources gone (53), object in use (55006), lock not to be had (55P03), operator intervention (57:
 * shutting down, starting up, cancelled), errors of the system under Postgres (58).
 */
const POSTGRES = /^(?:08\w{3}|25006|25P0[34]|28\w{3}|3D000|40\w{3}|53\w{3}|55006|55P03|57\w{3}|58\w{3})$/;

/** Without a code: what `pg` says when a connection ends under a query, has ended, is not made in time, or none comes free. */
const PG =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed) and is not queryable|timeout exceeded when trying to connect|timeout expired$|The server does not support SSL|There was an error establishing an SSL|Query read timeout|Cannot use a pool after calling end)/;

/**
 * Replies of Redis (https://redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors) while it starts, fails
 * over, moves keys to another server, is full, cannot save, is busy, or does not let us in; one that a script met comes wrapped in older servers' ERR.
 */
const REDIS =
  /^(?:ERR Error running script.* -)?(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|OOM|MISCONF|NOREPLICAS|BUSY|NOAUTH|WRONGPASS) |^ERR max number of clients reached/;
const REDIS_READ_ONLY = /^(?:ERR Error running script.* -)?READONLY /;

/** What ioredis says without a code. */
const IOREDIS =
  /^(?:Connection is closed|Command timed out|connect ETIMEDOUT|Reached the max retries per request|Stream isn't writeable|All sentinels are unreachable|Socket timeout\.)/;

/** NATS says it by the class of its errors; a timeout of `AbortSignal` has the same name and means the same. */
const NAMES = new Set([
  ...['TimeoutError', 'NoRespondersError', 'ConnectionError', 'ClosedConnectionError', 'DrainingConnectionError'],
  ...['UserAuthenticationExpiredError', 'JetStreamNotEnabled', 'MaxRetriesPerRequestError', 'ClusterAllFailedError'],
]);

/** JetStream's own status: no quorum, no leader, no resources. */
const UNAVAILABLE_STATUS = 503;

function saysOutage(each: object): boolean {
  if (codesOf(each).some((code) => CODES.has(code) || POSTGRES.test(code) || OPENSSL.test(code))) return true;
  if (NAMES.has(textOf(each, 'name')) || PRISMA_KINDS.has(textOf(each, 'kind'))) return true;
  const { code, status } = each as { code?: unknown; status?: unknown };
  if (status === UNAVAILABLE_STATUS || code === UNAVAILABLE_STATUS) return true;
  const message = textOf(each, 'message');
  return PG.test(message) || REDIS.test(message) || IOREDIS.test(message);
}

/** The error and what is under it, outermost first; an end is put to circles. */
function chainOf(error: unknown): object[] {
  const chain: object[] = [];
  const waiting: unknown[] = [error];
  while (waiting.length > 0 && chain.length < 24) {
    const each = waiting.shift();
    // Not only instances of Error: the cause of a driver's error in Prisma is a plain object.
    if (typeof each !== 'object' || each === null || chain.includes(each)) continue;
    chain.push(each);
    const { cause, meta, errors } = each as Described;
    waiting.push(cause, meta?.driverAdapterError);
    // A host with an IPv4 and an IPv6 address fails with one error for each.
    if (each instanceof AggregateError && Array.isArray(errors)) waiting.push(...errors);
  }
  return chain;
}

interface Described {
  readonly cause?: unknown;
  readonly errors?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}

/** Prisma keeps the driver's own code under another name. */
function codesOf(error: object): string[] {
  return [textOf(error, 'code'), textOf(error, 'originalCode')];
}

function textOf(error: object, field: 'code' | 'originalCode' | 'kind' | 'name' | 'message'): string {
  const text = (error as Record<string, unknown>)[field];
  return typeof text === 'string' ? text : '';
}
