import type { z } from 'zod';

/**
 * One external event type with every version of its payload that was ever published.
 *
 * `versions[0]` is version 1. Each but the last has `lift`, which turns its payload into the next version's, so a
 * consumer only ever sees the newest shape (an upcaster: Young, "Versioning in an Event Sourced System", ch. 4).
 */
export interface EventContract<Name extends string = string, Data = unknown> {
  /** Without the version: `kith.friend.added`. */
  readonly name: Name;
  /** What is written today: `kith.friend.added.v1`. */
  readonly type: string;
  /**
   * What it is an event of: `order`. Revisions belong to kind and owner, so order 1 and customer 1 are two owners.
   */
  readonly ownerKind: string;
  readonly versions: readonly EventVersion[];
  /** The JetStream subject of an event about this owner. */
  subject(ownerId: string): string;
  /** Only there for the compiler: the newest payload's shape. */
  readonly data?: Data;
}

export interface EventVersion {
  readonly schema: z.ZodType;
  /** Upcaster: turns this version's payload into the next one's; missing on the newest. */
  readonly lift?: (data: never) => unknown;
}

export type DataOf<Contract> = Contract extends EventContract<string, infer Data> ? Data : never;

export function defineEvent<Name extends string, Newest extends z.ZodType>(definition: {
  name: Name;
  subject: (ownerId: string) => string;
  newest: Newest;
  older?: readonly EventVersion[];
  /** What it is an event of; unless told, the name without its last word: of `shop.order.placed` it is `shop.order`. */
  ownerKind?: string;
}): EventContract<Name, z.output<Newest>> {
  const versions = [...(definition.older ?? []), { schema: definition.newest }];
  const type = `${definition.name}.v${versions.length}`;
  return {
    name: definition.name,
    type,
    ownerKind: definition.ownerKind ?? ownerKindOf(type),
    versions,
    subject: definition.subject,
  };
}

/** `shop.order` of `shop.order.placed.v2`. */
export function ownerKindOf(type: string): string {
  return type.replace(/\.v\d+$/, '').replace(/\.[^.]+$/, '');
}

/**
 * What is wrong with a payload that is about to be written, by the newest version's schema; undefined when nothing is.
 * It names the field, by its path in the payload.
 */
export function faultInNewest(contract: EventContract, data: unknown): string | undefined {
  const parsed = contract.versions.at(-1)?.schema.safeParse(data);
  if (!parsed || parsed.success) return undefined;
  const where = parsed.error.issues[0];
  return `${where?.path.join('.') || 'data'}: ${where?.message}`;
}
