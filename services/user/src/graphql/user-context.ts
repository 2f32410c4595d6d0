import { readLate, readUntilCallerLeaves, type SubgraphContext } from '@kith/service-kit';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import type { UserLoader } from '../profiles/load-users.ts';
import { versionOfUser } from '../profiles/version-of-user.ts';
import type { UserContext } from './builder.ts';

/** What a request's resolvers find in its context. */
export function userContext(request: SubgraphContext, parts: UserServiceParts, users: UserLoader): UserContext {
  const { callerGone } = request;
  const { pool: primary, replica } = parts;
  return {
    ...request,
    parts,
    reads: readUntilCallerLeaves(primary, callerGone),
    lateReads: (viewerId) => readLate({ primary, replica, callerGone, own: versionOfUser(viewerId) }),
    users,
    provenUserIds: new Set(),
  };
}
