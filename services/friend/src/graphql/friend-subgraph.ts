import { bulkheadDirective, bulkheadLink } from '@kith/service-kit';
import { specifiedDirectives } from 'graphql';
import './queries/blocked-users.ts';
import './queries/friend-requests.ts';
import './types/friend-type.ts';
import './queries/list-change-queries.ts';
import './queries/me.ts';
import './mutations/accept-friend-request.ts';
import './mutations/add-friend.ts';
import './mutations/block-user.ts';
import './mutations/close-friend-request.ts';
import './mutations/remove-friend.ts';
import './mutations/update-friend.ts';
import './queries/mutual-friends.ts';
import './queries/relation.ts';
import './queries/suggested-friends.ts';
import { builder } from './types/builder.ts';
import { liveDirective, liveLink } from './types/live-directive.ts';

export const friendSubgraph = builder.toSubGraphSchema({
  linkUrl: 'https://specs.apollo.dev/federation/v2.6',
  composeDirectives: [`@${liveDirective.name}`, `@${bulkheadDirective.name}`],
  directives: [...specifiedDirectives, liveDirective, bulkheadDirective],
  extensions: { directives: [...liveLink, ...bulkheadLink] },
});
