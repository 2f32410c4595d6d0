/**
 * The directive with which a subgraph declares a live list, at a field of its Subscription (docs/live-lists.md). It is
 * composed through to the supergraph: the subgraph links the specification and has `@composeDirective(name: "@live")`.
 */
export const LIVE_SPECIFICATION = 'https://specs.kith.example/live/v1.0';
export const LIVE_DIRECTIVE = 'live';

/** What stands in a subgraph beside its types. */
export const LIVE_DIRECTIVE_SDL = `
"""The field is a live list: every change once, in order, or a snapshot and why."""
directive @${LIVE_DIRECTIVE}(
  """Which kind of list: of its announcements' subject, live.<kind>.<owner>. Lower-case letters, digits and hyphens."""
  kind: String!
  """The query for the changes since a cursor: (after: String, first: Int)."""
  changes: String!
  """The query that tells of many lists at once where they stand: (owners: [ID!]!, cursors: [String], viewers: [ID!])."""
  stands: String!
  """The argument that says whose list it is; without it the list is the viewer's own."""
  owner: String
  """How many changes are asked for at a time: 1 to 500, 200 without it."""
  pageSize: Int
  """How many announced changes wait for a reader at most, before they are asked for again: 1 to 10000, 256 without it."""
  waitingChanges: Int
  """How many bytes of them: 1024 to 16777216, 262144 without it."""
  waitingBytes: Int
  """How many of these lists one viewer may watch at a time through one gateway: 1 to 100000; without it only sockets have a limit."""
  listsPerViewer: Int
) on FIELD_DEFINITION
`;

/** Limits of a kind: the argument of the directive, from and to which number; what is not said has a default. */
export const LIVE_LIMITS = {
  pageSize: [1, 500],
  waitingChanges: [1, 10_000],
  waitingBytes: [1_024, 16_777_216],
  listsPerViewer: [1, 100_000],
} as const;
export type LiveLimit = keyof typeof LIVE_LIMITS;

/** The arguments of the directive, as a declaration gives them. */
export interface LiveDirective extends Partial<Readonly<Record<LiveLimit, number>>> {
  readonly kind: string;
  readonly changes: string;
  readonly stands: string;
  readonly owner?: string;
}

/** What a kind may be called: a token of a subject. */
export const KIND_OF_LIST = /^[a-z][a-z0-9-]{0,62}$/;
/** Who owns a list that an argument names: a token of a subject, without wildcards. */
export const OWNER_OF_LIST = /^[A-Za-z0-9_-]{1,128}$/;
