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
) on FIELD_DEFINITION
`;

/** The arguments of the directive, as a declaration gives them. */
export interface LiveDirective {
  readonly kind: string;
  readonly changes: string;
  readonly stands: string;
  readonly owner?: string;
}

/** What a kind may be called: a token of a subject. */
export const KIND_OF_LIST = /^[a-z][a-z0-9-]{0,62}$/;
/** Who owns a list that an argument names: a token of a subject, without wildcards. */
export const OWNER_OF_LIST = /^[A-Za-z0-9_-]{1,128}$/;
