/** Socket and name errors of Node (https://nodejs.org/api/errors.html#common-system-errors) and of undici. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/**
 * Postgres: connection exceptions (class 08), too many connections (53300), shutting down or starting up (57P0x), and a
 * transaction that lost against others (40001, 40P01).
 */
const POSTGRES_CODES = /^(08...|53300|57P0[1-5]|40001|40P01)$/;

/** Prisma: cannot reach, timed out reaching, or lost the database; no connection or transaction in time; a lost one. */
const PRISMA_CODES = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);

/** Without a code of its own: what `pg` says when a connection ends under a query, has ended, or none comes free in time. */
const CONNECTION_MESSAGES =
  /^(Connection terminated|Client (has encountered a connection error|was closed) and is not queryable|timeout exceeded when trying to connect)/;

/**
 * Whether an error means "the thing we need does not answer now" (worth a retry), as opposed to a fault of ours. Looks
 * through `cause`, and through Prisma's `meta`, down to the driver's own error.
 */
export function isUnavailable(error: unknown, depth = 0): boolean {
  // Not only instances of Error: the cause of a driver's error in Prisma is a plain object.
  if (typeof error !== 'object' || error === null || depth > 5) return false;
  const { code, message, cause, meta } = error as DescribedFailure;
  if (typeof code === 'string' && (NETWORK_CODES.has(code) || PRISMA_CODES.has(code) || POSTGRES_CODES.test(code))) {
    return true;
  }
  if (typeof message === 'string' && CONNECTION_MESSAGES.test(message)) return true;
  // A host with an IPv4 and an IPv6 address fails with one error for each.
  if (error instanceof AggregateError && error.errors.some((each) => isUnavailable(each, depth + 1))) return true;
  return isUnavailable(cause, depth + 1) || isUnavailable(meta?.driverAdapterError, depth + 1);
}

interface DescribedFailure {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
}
