import { builder } from './builder.ts';

/**
 * The user service's entity, as far as the friend service knows it: the id, and from its own copy the two fields that
 * a friend list shows. What else it adds to a user stands beside what is added (friends, requests, …).
 */
export const UserType = builder.externalRef('User', builder.selection<{ id: string }>('id')).implement({
  description: 'A person with an account.',
  externalFields: (t) => ({
    nickname: t.string(),
    avatarUrl: t.string({ nullable: true }),
  }),
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID (version 7); it never changes.' }),
  }),
});

/** Where a user is answered together with the copied profile, so that a list needs no call to the user service. */
export const UserWithProfile = UserType.provides<{ nickname: string; avatarUrl: string | null }>('nickname avatarUrl');
