import { BULKHEAD_DIRECTIVE, BULKHEAD_DIRECTIVE_SDL, BULKHEAD_SPECIFICATION } from '@kith/event-contracts';
import { buildSchema } from 'graphql';
import { present } from '../errors/invariant.ts';

/** Bulkhead: the directive of a subgraph's dear fields, as its contract spells it. */
export const bulkheadDirective = present(
  buildSchema(BULKHEAD_DIRECTIVE_SDL, { assumeValidSDL: true }).getDirective(BULKHEAD_DIRECTIVE),
  'the contract defines its directive',
);

/** What the subgraph's schema says besides: where the directive comes from. */
export const bulkheadLink = [
  { name: 'link', args: { url: BULKHEAD_SPECIFICATION, import: [`@${BULKHEAD_DIRECTIVE}`] } },
];

/** Declares a field as dear: gateways keep a compartment for the operations that ask for it. */
export const dear = { directives: { [BULKHEAD_DIRECTIVE]: {} } as never };
