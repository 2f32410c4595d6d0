import './account-mutations.ts';
import './profiles-for-services.ts';
import './session-mutations.ts';
import './user-queries.ts';
import { bulkheadDirective, bulkheadLink } from '@kith/service-kit';
import { specifiedDirectives } from 'graphql';
import { builder } from './builder.ts';

export const userSubgraph = builder.toSubGraphSchema({
  linkUrl: 'https://specs.apollo.dev/federation/v2.6',
  composeDirectives: [`@${bulkheadDirective.name}`],
  directives: [...specifiedDirectives, bulkheadDirective],
  extensions: { directives: bulkheadLink },
});
