/**
 * Bulkhead: the directive with which a subgraph says that a field is dear. Operations that ask for it run in a compartment
 * of their own at each gateway, a few at a time and a few of one person: a crowd at it costs others nothing. It is composed
 * through to the supergraph, as `@live` is.
 */
export const BULKHEAD_SPECIFICATION = 'https://specs.kith.example/bulkhead/v1.0';
export const BULKHEAD_DIRECTIVE = 'bulkhead';

/** What stands in a subgraph beside its types. */
export const BULKHEAD_DIRECTIVE_SDL = `
"""The field is dear: operations that ask for it have places of their own, and take none of others."""
directive @${BULKHEAD_DIRECTIVE} on FIELD_DEFINITION
`;
