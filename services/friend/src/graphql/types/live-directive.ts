import { LIVE_DIRECTIVE, LIVE_DIRECTIVE_SDL, LIVE_SPECIFICATION, type LiveDirective } from '@kith/event-contracts';
import { present } from '@kith/service-kit';
import { buildSchema } from 'graphql';

/** As the contract of live lists spells it. */
export const liveDirective = present(
  buildSchema(LIVE_DIRECTIVE_SDL, { assumeValidSDL: true }).getDirective(LIVE_DIRECTIVE),
  'the contract defines its directive',
);

/** What the subgraph's schema says besides: where the directive comes from. */
export const liveLink = [{ name: 'link', args: { url: LIVE_SPECIFICATION, import: [`@${LIVE_DIRECTIVE}`] } }];

/** Declares a field of Subscription as a live list. */
export const live = (declaration: LiveDirective) => ({ directives: { [LIVE_DIRECTIVE]: declaration } as never });
