/** What the live list reads of a change; the rest of the object passes through it untouched. */
export interface ListChange {
  readonly __typename: string;
  /** Rises by exactly 1 from change to change; the pages of one snapshot share one. */
  readonly revision: number;
  readonly cursor: string;
  /** Only a snapshot's page has it: whether it is the last one. */
  readonly complete?: boolean;
  /** RFC 3339; where the schema has it. */
  readonly occurredAt?: string;
}
