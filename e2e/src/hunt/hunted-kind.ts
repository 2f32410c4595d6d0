import type { ListToWatch } from '../lists/list-as-seen.ts';
import type { Person } from '../people/person.ts';
import type { Random } from '../people/seeded-random.ts';

/** Where lists stand, by their keys. */
export type Revisions = ReadonlyMap<string, number>;

/** A list that clients of a hunt follow. */
export interface HuntedList {
  /** Of which kind it is, and whose: no two are alike. */
  readonly key: string;
  /** Any of them may watch it. */
  readonly watchers: readonly Person[];
  readonly watched: ListToWatch;
}

/** A list as the database has it. */
export interface StoredList {
  readonly revision: number;
  /** As `contents` of the list that is seen. */
  readonly contents: object;
}

export interface Change {
  /** How many mutations it is. */
  readonly mutations: 1 | 2;
  /** Rejects when one of them is refused. */
  make(): Promise<void>;
}

/** Resolves to the mutation's data; rejects when it is refused. */
// biome-ignore lint/suspicious/noExplicitAny: the shape is the mutation's, which only the caller knows.
export type Send = <Data = any>(person: Person, query: string, input: object) => Promise<Data>;

/** Makes one change after the other, at a rate of its own. */
export interface Changer {
  /** Of the rate that the hunt is told. */
  readonly share: number;
  /** From round 1 on. */
  nextChange(round: number, own: Random): Change;
}

/** One kind of live list under hunt: which lists clients follow, what changes them, and what the database says of them. */
export interface HuntedKind {
  readonly lists: readonly HuntedList[];
  changers(send: Send): readonly Changer[];
  /** Rejects while the database is away. */
  revisions(): Promise<Revisions>;
  /** What is stored, when nobody changes it any more. */
  settled(): Promise<ReadonlyMap<string, StoredList>>;
  /** Whoever asks for a list is answered what is stored, too, and nothing differs anywhere. */
  assertAnswered(stored: ReadonlyMap<string, StoredList>): Promise<void>;
}

/** Those of every kind, by key. */
export async function ofAllKinds<Value>(
  kinds: readonly HuntedKind[],
  asked: (kind: HuntedKind) => Promise<ReadonlyMap<string, Value>>,
): Promise<ReadonlyMap<string, Value>> {
  const each = await Promise.all(kinds.map(asked));
  return new Map(each.flatMap((values) => [...values]));
}
