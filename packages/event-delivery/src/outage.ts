/**
 * Tells an outage of something we depend on from a fault of the message: an outage is waited out however long it
 * takes, and never ends in a dead letter. PostgreSQL classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function isOutage(error: unknown): boolean {
  const code = codeOf(error);
  return (
    NETWORK.has(code) || /^(08|53|57P|40)/.test(code) || (error instanceof Error && CONNECTION.test(error.message))
  );
}

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOTFOUND',
  'UND_ERR_SOCKET',
  'SERVICE_UNAVAILABLE',
]);

// pg and ioredis report some lost connections without a code.
const CONNECTION =
  /Connection terminated|Connection is closed|timeout exceeded when trying to connect|Command timed out/;

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
