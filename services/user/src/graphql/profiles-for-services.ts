import { PROFILES_A_RANGE } from '@kith/event-contracts';
import { KithError, readId, readPageSize } from '@kith/service-kit';
import { digestUserPage, type ProfileDigest, readUserPage, readUsers } from '../profiles/read-users.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { builder } from './builder.ts';
import { FriendPolicyType } from './user-type.ts';

// Queries of other services, with the gateway's key and no viewer. @inaccessible hides them from the public schema.

const MAX_PROFILES = 1_000;

const ProfileType = builder.objectRef<UserRow>('Profile').implement({
  inaccessible: true,
  description: 'What other services copy of a user.',
  fields: (t) => ({
    userId: t.exposeID('id', { description: 'Whose profile.' }),
    username: t.exposeString('username', { description: 'Empty once deleted.' }),
    nickname: t.exposeString('nickname', { description: 'Empty once deleted.' }),
    avatarUrl: t.exposeString('avatarUrl', { nullable: true, description: 'null for none.' }),
    friendPolicy: t.expose('friendPolicy', { type: FriendPolicyType, description: 'Who may befriend them, and how.' }),
    version: t.exposeInt('version', { description: 'The revision of the last event about this user.' }),
    deleted: t.exposeBoolean('deleted', { description: 'Whether the account is gone.' }),
  }),
});

const ProfileDigestType = builder.objectRef<ProfileDigest>('ProfileDigest').implement({
  inaccessible: true,
  description: 'A range of profiles in the order of their ids, in few bytes.',
  fields: (t) => ({
    last: t.exposeID('last', { nullable: true, description: 'The last id of the range; null where none follows.' }),
    profiles: t.exposeInt('profiles', { description: 'How many, those of deleted accounts included.' }),
    digest: t.exposeString('digest', { description: 'Of those that are not deleted, as event-contracts says.' }),
  }),
});

builder.queryFields((t) => ({
  profiles: t.field({
    type: [ProfileType],
    inaccessible: true,
    description: 'The profiles of these users, deleted ones included, in no order; ids of nobody are left out.',
    args: { ids: t.arg.idList({ required: true, description: 'At most 1,000.' }) },
    resolve: (_root, { ids }, { parts }) => {
      if (ids.length > MAX_PROFILES) {
        throw new KithError('BAD_USER_INPUT', 'Too many ids at once.', { field: 'ids', limit: MAX_PROFILES });
      }
      return readUsers(
        parts.pool,
        ids.map((id) => readId('ids', id)),
      );
    },
  }),

  profilePage: t.field({
    type: [ProfileType],
    inaccessible: true,
    description: 'All profiles in the order of their ids, deleted ones included, a page at a time.',
    args: {
      after: t.arg.id({ description: 'The last id of the page before.' }),
      first: t.arg.int({ required: true, description: 'How many, 1 to 1,000.' }),
    },
    resolve: (_root, { after, first }, { parts }) =>
      readUserPage(parts.pool, after == null ? null : readId('after', after), readPageSize(first, MAX_PROFILES)),
  }),

  profileDigest: t.field({
    type: ProfileDigestType,
    inaccessible: true,
    description: 'A digest of the profiles that a page as long would have, to compare copies by.',
    args: {
      after: t.arg.id({ description: 'The last id of the range before.' }),
      first: t.arg.int({ required: true, description: 'How many, 1 to 10,000.' }),
    },
    resolve: (_root, { after, first }, { parts }) =>
      digestUserPage(parts.pool, after == null ? null : readId('after', after), readPageSize(first, PROFILES_A_RANGE)),
  }),
}));
