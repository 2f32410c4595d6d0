/**
 * The parts of the friend service that are measured in this process, without HTTP around them. Beside
 * user-service-insides.ts the one file of the benchmark that reaches into a service: what stands here is no interface,
 * and may change with the service.
 */
export { loadList } from '../../../services/friend/src/lists/load-list.ts';
export { loadRevisions } from '../../../services/friend/src/lists/load-revisions.ts';
export { readBlockedUsers } from '../../../services/friend/src/queries/read-blocked-users.ts';
export { readFriendRequests } from '../../../services/friend/src/queries/read-friend-requests.ts';
export { readMutualFriends } from '../../../services/friend/src/queries/read-mutual-friends.ts';
export { readRelations } from '../../../services/friend/src/queries/read-relations.ts';
export { suggestFriends } from '../../../services/friend/src/queries/suggest-friends.ts';
export { createRelationships } from '../../../services/friend/src/relationships/change-relationship.ts';
export { createFriendListView, type FriendListView } from '../../../services/friend/src/view/friend-list-view.ts';
export { connectRedis } from '../../../services/friend/src/view/redis/connect-redis.ts';
