/** A stream by its durable name, and what it takes: data, and changing one is a migration. */
export interface StreamName {
  readonly name: string;
  readonly subjects: readonly string[];
  /** Without it messages expire when the broker is configured to let them. */
  readonly keep?: 'forever';
}
