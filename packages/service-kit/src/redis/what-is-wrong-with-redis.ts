import type { RedisAddress } from '../process/redis-address.ts';

/** OpenSSL and Node, https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const UNTRUSTED =
  /SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_(?:HAS_EXPIRED|NOT_YET_VALID|UNTRUSTED|SIGNATURE)|ALTNAME_INVALID|self.signed certificate|unable to (?:verify|get)/;

/**
 * One sentence for the operator: why Redis cannot be reached, and the variable to change.
 *
 * @param reached whether it was reached before with the same variables: then they are not wrong
 */
export function whatIsWrongWithRedis(error: Error, { kind, sentinel, tls }: RedisAddress, reached: boolean): string {
  const text = `${(error as { code?: string }).code ?? ''} ${error.message}`;
  if (/WRONGPASS|NOAUTH|invalid username-password|NOPERM/.test(text)) {
    return 'Redis refuses the user or the password in REDIS_URL';
  }
  if (/CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|certificate required/i.test(text)) {
    return 'Redis asks for a certificate of its clients: set REDIS_CERT_FILE and REDIS_KEY_FILE';
  }
  if (/TLSV1_ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|alert unknown ca/i.test(text)) {
    return 'Redis does not trust the certificate in REDIS_CERT_FILE';
  }
  if (UNTRUSTED.test(text))
    return 'The certificate of Redis is not to be trusted by REDIS_CA_FILE and the name in REDIS_URL';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|packet length too long/i.test(text)) {
    return 'Redis speaks no TLS at the address in REDIS_URL: write redis for rediss';
  }
  if (/DB index is out of range|SELECT is not allowed/.test(text))
    return 'Redis has no database of the number in REDIS_URL';
  if (/is in no cluster|cluster support disabled/.test(text)) {
    return 'REDIS_URL names several servers, as of a cluster, and they are in none';
  }
  if (kind === 'sentinel' && /^All sentinels are unreachable/.test(error.message)) {
    return `No Sentinel in REDIS_URL answers with a primary called ${sentinel?.primary}`;
  }
  // Under TLS 1.3 a server refuses our certificate after the handshake: what it says of that can be lost with the connection.
  if (tls && !reached && /ECONNRESET|EPIPE|the connection was lost/.test(text)) {
    return 'Redis ends the connection after the TLS handshake: see whether it trusts the certificate in REDIS_CERT_FILE, or asks for one';
  }
  // A server without TLS may not answer a TLS handshake at all.
  return `Redis does not answer${tls ? ' by TLS' : ''} at the address in REDIS_URL`;
}
