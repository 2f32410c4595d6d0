import { AuthorizationError, UserAuthenticationExpiredError } from 'nats';
import { NatsAccessError } from './nats-access-error.ts';
import type { NatsAccess } from './read-nats-access.ts';

/** OpenSSL's codes for an untrusted certificate of the server. */
const NOT_BELIEVED =
  /^(SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID)$/;
/** The server's errors about our certificate. */
const OURS_IS_REFUSED =
  /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE_\w+|ACCESS_DENIED|HANDSHAKE_FAILURE)/;

/**
 * Failure classifier of a connection: a permanent failure as a sentence; undefined for a server that is temporarily
 * away.
 */
export function whyNatsRefuses(error: unknown, { shown, variable, options }: NatsAccess): NatsAccessError | undefined {
  if (error instanceof NatsAccessError) return error;
  if (error instanceof AuthorizationError || error instanceof UserAuthenticationExpiredError) {
    const what = `NATS at ${shown} refuses these credentials: correct ${TO_CORRECT[variable] ?? 'them'}.`;
    return new NatsAccessError('NATS_REFUSES_CREDENTIALS', variable, what, error);
  }
  const code = codeOf(error);
  const notTrusted = (about: NatsAccess['variable'], what: string) =>
    new NatsAccessError('NATS_NOT_TRUSTED', about, what, error);
  if (OURS_IS_REFUSED.test(code)) {
    return notTrusted('NATS_CERT_FILE', `NATS at ${shown} wants a certificate of ours that it can verify (${code}).`);
  }
  if (NOT_BELIEVED.test(code)) {
    return notTrusted('NATS_CA_FILE', `the certificate of NATS at ${shown} cannot be verified (${code}).`);
  }
  if (options.tls && /does not support 'tls'/.test(String(error))) {
    return notTrusted('NATS_URL', `NATS at ${shown} speaks no TLS, which tls:// or a file of certificates asks for.`);
  }
  return undefined;
}

const TO_CORRECT: Partial<Record<NatsAccess['variable'], string>> = {
  NATS_URL: 'user and password in it',
  NATS_TOKEN: 'it',
  NATS_NKEY_SEED_FILE: 'the seed in that file, or the users of the server',
  NATS_CREDS_FILE: 'the file, or the accounts of the server',
  NATS_CERT_FILE: 'the certificate, or the users of the server',
};

/** The code of the error or of its cause: the client wraps some errors. */
function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}
