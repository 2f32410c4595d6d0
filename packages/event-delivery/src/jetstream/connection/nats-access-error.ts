/** The variables that say where NATS is and who we are there. */
export type NatsVariable =
  | 'NATS_URL'
  | 'NATS_TOKEN'
  | 'NATS_NKEY_SEED_FILE'
  | 'NATS_CREDS_FILE'
  | 'NATS_CA_FILE'
  | 'NATS_CERT_FILE'
  | 'NATS_KEY_FILE';

/**
 * NATS cannot be used as these variables say: BAD_NATS_URL and BAD_NATS_CREDENTIALS, they say nothing that a client could
 * use; NATS_REFUSES_CREDENTIALS, the server is there and does not let us in; NATS_NOT_TRUSTED, TLS with it fails. The
 * message is one sentence for whoever set `variable`, and never holds a secret.
 */
export class NatsAccessError extends Error {
  readonly code: 'BAD_NATS_URL' | 'BAD_NATS_CREDENTIALS' | 'NATS_REFUSES_CREDENTIALS' | 'NATS_NOT_TRUSTED';
  readonly variable: NatsVariable;
  constructor(code: NatsAccessError['code'], variable: NatsVariable, what: string, cause?: unknown) {
    super(`${variable}: ${what}`, { cause });
    this.name = 'NatsAccessError';
    this.code = code;
    this.variable = variable;
  }
}
