import { changePassword } from '../accounts/change-password.ts';
import { deleteAccount } from '../accounts/delete-account.ts';
import { updateProfile } from '../accounts/update-profile.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { builder, viewerOf } from './builder.ts';
import { SessionType } from './session-mutations.ts';
import { FriendPolicyType, UserType } from './user-type.ts';

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'What to change of the viewer’s own profile. A field left out stays.',
  fields: (t) => ({
    nickname: t.string({ description: '1 to 64 characters after trimming, no control characters.' }),
    avatarUrl: t.string({ description: 'An https URL of a public host, at most 2048 characters; null for none.' }),
    friendPolicy: t.field({ type: FriendPolicyType, description: 'Who may become the viewer’s friend, and how.' }),
  }),
});

const UpdateProfilePayload = builder.objectRef<{ user: UserRow }>('UpdateProfilePayload').implement({
  description: 'What `updateProfile` answers.',
  fields: (t) => ({ user: t.expose('user', { type: UserType, description: 'The viewer after the change.' }) }),
});

const ChangePasswordInput = builder.inputType('ChangePasswordInput', {
  description: 'The old password and the new one.',
  fields: (t) => ({
    currentPassword: t.string({ required: true, description: 'As it was set.' }),
    newPassword: t.string({ required: true, description: '8 to 128 characters.' }),
  }),
});

const DeleteAccountInput = builder.inputType('DeleteAccountInput', {
  description: 'The proof that it is the user who asks.',
  fields: (t) => ({ password: t.string({ required: true, description: 'As it was set.' }) }),
});

const DeleteAccountPayload = builder.objectRef<{ deleted: boolean }>('DeleteAccountPayload').implement({
  description: 'What `deleteAccount` answers.',
  fields: (t) => ({
    deleted: t.exposeBoolean('deleted', { description: 'Always true: the account is gone, now or before.' }),
  }),
});

builder.mutationFields((t) => ({
  updateProfile: t.field({
    type: UpdateProfilePayload,
    description: 'Changes the viewer’s profile, on every list they are on.',
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'What to change.' }) },
    resolve: async (_root, { input }, context) => ({
      user: await updateProfile(context.parts, viewerOf(context), input),
    }),
  }),

  changePassword: t.field({
    type: SessionType,
    description: 'Sets a new password, ends the viewer’s other sessions, and gives this one new tokens.',
    args: { input: t.arg({ type: ChangePasswordInput, required: true, description: 'Old and new.' }) },
    resolve: (_root, { input }, context) =>
      changePassword(context.parts, viewerOf(context), input, context.clientAddress),
  }),

  deleteAccount: t.field({
    type: DeleteAccountPayload,
    description:
      'Erases the viewer’s account, friendships and sessions. There is no way back; the username is free again.',
    args: { input: t.arg({ type: DeleteAccountInput, required: true, description: 'The proof.' }) },
    resolve: async (_root, { input }, context) => {
      await deleteAccount(context.parts, viewerOf(context), input.password, context.clientAddress);
      return { deleted: true };
    },
  }),
}));
