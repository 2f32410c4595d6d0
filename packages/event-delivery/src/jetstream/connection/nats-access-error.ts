/** The variables for the address of NATS and our credentials. */
export type NatsVariable =
  | 'NATS_URL'
  | 'NATS_TOKEN'
  | 'NATS_NKEY_SEED_FILE'
  | 'NATS_CREDS_FILE'
  | 'NATS_CA_FILE'
  | 'NATS_CERT_FILE'
  | 'NATS_KEY_FILE';

/**
 * NATS cannot be used with these variables: BAD_NATS_URL and BAD_NATS_CREDENTIALS, they are invalid;
 * NATS_REFUSES_CREDENTIALS, the server rejects us; NATS_NOT_TRUSTED, TLS with it fails. The message is one sentence for
 * the operator who set `variable`, without secrets.
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
