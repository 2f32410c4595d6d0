import { configFields } from '@kith/service-kit';

/** How much one operation may ask for. Beyond any of them it is refused with QUERY_TOO_COMPLEX, which names the limit. */
export interface QueryLimits {
  /** Lexical tokens of the document. */
  readonly tokens: number;
  /** Levels of fields, fragments not counted. */
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
  /** Selections side by side in one selection set. */
  readonly breadth: number;
  /** How often one field, or one fragment, may be selected in the same place. */
  readonly duplicates: number;
  /** Fields altogether, with every fragment counted wherever it is spread. */
  readonly fields: number;
  /** Fields altogether, with what is under a page counted `first` times. */
  readonly cost: number;
  /** Levels of types that lead to types in a question about the schema itself. */
  readonly introspection: number;
}

export type QueryLimit = keyof QueryLimits;

const { wholeNumber } = configFields;

/** The limits an operator may set. */
export const queryLimitFields = {
  MAX_QUERY_TOKENS: wholeNumber(1, 1_000_000).default(2_000),
  MAX_QUERY_DEPTH: wholeNumber(1, 1_000).default(14),
  MAX_QUERY_ALIASES: wholeNumber(0, 100_000).default(30),
  MAX_QUERY_DIRECTIVES: wholeNumber(0, 100_000).default(30),
  MAX_QUERY_BREADTH: wholeNumber(1, 100_000).default(100),
  MAX_QUERY_FIELDS: wholeNumber(1, 1_000_000).default(1_000),
  /** Enough for a page of 100 friends with 100 friends in common each, and their ids. */
  MAX_QUERY_COST: wholeNumber(1, 1_000_000_000).default(50_000),
};

/** More of the same says nothing new, and makes checking that equal fields agree slow. */
const DUPLICATES = 10;
/** The introspection query of every tool needs one. */
const INTROSPECTION = 2;

export function queryLimitsOf(config: Record<keyof typeof queryLimitFields, number>): QueryLimits {
  return {
    tokens: config.MAX_QUERY_TOKENS,
    depth: config.MAX_QUERY_DEPTH,
    aliases: config.MAX_QUERY_ALIASES,
    directives: config.MAX_QUERY_DIRECTIVES,
    breadth: config.MAX_QUERY_BREADTH,
    duplicates: DUPLICATES,
    fields: config.MAX_QUERY_FIELDS,
    cost: config.MAX_QUERY_COST,
    introspection: INTROSPECTION,
  };
}
