/** What an operator asked for cannot be done; the message says what to write instead. */
export class WebhookRefused extends Error {
  readonly code = 'BAD_USER_INPUT';
  /** Which part of what was asked. */
  readonly field: 'url' | 'events' | 'endpoint' | 'deliveries';

  constructor(field: WebhookRefused['field'], message: string) {
    super(message);
    this.name = 'WebhookRefused';
    this.field = field;
  }
}
