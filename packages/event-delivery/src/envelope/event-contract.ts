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

/**
 * Contract family: all events of one kind of thing, "all events of an order". A consumer that names it is given every
 * type in it, and waits for an upgrade when it meets one that it does not know yet: somebody has deployed a new one.
 */
export interface EventFamily<Contract extends EventContract = EventContract> {
  /** What the names of its contracts begin with: `shop.order`. */
  readonly family: string;
  readonly contracts: readonly Contract[];
}

/** A family that does not hold together; the message names the contract. */
export class FamilyNotValid extends Error {
  readonly code = 'FAMILY_NOT_VALID';
  constructor(message: string) {
    super(message);
    this.name = 'FamilyNotValid';
  }
}

/** Throws FamilyNotValid when there is no contract, one twice, or one whose name does not begin with the family's. */
export function defineFamily<Contract extends EventContract>(
  family: string,
  contracts: readonly Contract[],
): EventFamily<Contract> {
  const names = contracts.map(({ name }) => name);
  if (names.length === 0) throw new FamilyNotValid(`The family ${family} has no contracts.`);
  const stranger = names.find((name) => !name.startsWith(`${family}.`));
  if (stranger !== undefined) throw new FamilyNotValid(`${stranger} is not of the family ${family}.`);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new FamilyNotValid(`${twice} is twice in the family ${family}.`);
  return Object.freeze({ family, contracts });
}

/** Contracts and families, as a consumer names them. */
export type Contracts<Contract extends EventContract> =
  | EventFamily<Contract>
  | readonly (Contract | EventFamily<Contract>)[];

/** All contracts that are named, and what the names of the families' types begin with. */
export function contractsIn<Contract extends EventContract>(
  named: Contracts<Contract>,
): { contracts: readonly Contract[]; families: readonly string[] } {
  const each = 'family' in named ? [named] : named;
  return {
    contracts: each.flatMap((one) => ('family' in one ? one.contracts : [one])),
    families: each.flatMap((one) => ('family' in one ? [`${one.family}.`] : [])),
  };
}
