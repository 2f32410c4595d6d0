/**
 * Tells an outage of something we depend on from a fault of the message: an outage is waited out however long it
 * takes, and never ends in a dead letter. PostgreSQL codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isOutage(error: unknown): boolean {
  return chainOf(error).some(
    (each) => CODES.has(codeOf(each)) || POSTGRES.test(codeOf(each)) || CONNECTION.test(messageOf(each)),
  );
}

/** Node's sockets and names, undici, our own services' answer, NATS publishing, Prisma. */
const CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'SERVICE_UNAVAILABLE',
  'NOT_CONNECTED',
  'NO_ACK',
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
]);

/**
 * Connection lost (08), resources gone (53), shutting down (57P), rolled back for others' sake (40: serialization
 * failure, deadlock), cut off while idle in a transaction (25P03).
 */
const POSTGRES = /^(?:08\w{3}|53\w{3}|57P\w{2}|40\w{3}|25P03)$/;

/** pg and ioredis report some lost connections without a code; Redis' own refusals while it starts or fails over. */
const CONNECTION =
  /^(?:Connection terminated|Client (?:has encountered a connection error|was closed) and is not queryable|Connection is closed|timeout exceeded when trying to connect|Command timed out|Reached the max retries per request|Stream isn't writeable|(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN) )/;

/** The error and its causes, outermost first; an end is put to circles. */
function chainOf(error: unknown): object[] {
  const chain: object[] = [];
  for (let each = error; typeof each === 'object' && each !== null && chain.length < 8; ) {
    chain.push(each);
    each = (each as { cause?: unknown }).cause;
  }
  return chain;
}

function codeOf(error: object): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : '';
}

function messageOf(error: object): string {
  const { message } = error as { message?: unknown };
  return typeof message === 'string' ? message : '';
}
