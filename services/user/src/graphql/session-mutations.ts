import { signIn } from '../accounts/sign-in.ts';
import { signUp } from '../accounts/sign-up.ts';
import type { IssuedSession } from '../sessions/issue-session.ts';
import { refreshSession } from '../sessions/refresh-session.ts';
import { signOut } from '../sessions/sign-out.ts';
import { builder, type UserContext } from './builder.ts';
import { UserType } from './user-type.ts';

export const SessionType = builder.objectRef<IssuedSession>('Session').implement({
  description: 'What a sign-in gives: two tokens, and whose they are.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', { description: 'To send as `Authorization: Bearer …`.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the access token stops working.' }),
    refreshToken: t.exposeString('refreshToken', { description: 'For `refreshSession`, once. Keep it secret.' }),
    user: t.expose('user', { type: UserType, description: 'Whose session it is.' }),
  }),
});

const SignUpInput = builder.inputType('SignUpInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({ required: true, description: '3 to 32 of a–z, 0–9 and _; upper case is folded.' }),
    password: t.string({ required: true, description: '8 to 128 characters.' }),
    nickname: t.string({ required: true, description: '1 to 64 characters after trimming, no control characters.' }),
    avatarUrl: t.string({ description: 'An https URL of a public host, at most 2048 characters.' }),
  }),
});

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    username: t.string({ required: true, description: 'In any case.' }),
    password: t.string({ required: true, description: 'As it was set.' }),
  }),
});

const RefreshSessionInput = builder.inputType('RefreshSessionInput', {
  description: 'Which session to refresh.',
  fields: (t) => ({ refreshToken: t.string({ required: true, description: 'The session’s newest.' }) }),
});

const SignOutInput = builder.inputType('SignOutInput', {
  description: 'Which session to end.',
  fields: (t) => ({ refreshToken: t.string({ required: true, description: 'One of the session’s.' }) }),
});

const SignOutPayload = builder.objectRef<{ signedOut: boolean }>('SignOutPayload').implement({
  description: 'What `signOut` answers.',
  fields: (t) => ({
    signedOut: t.exposeBoolean('signedOut', { description: 'Always true: the session has ended, now or before.' }),
  }),
});

/** Lets the answer include the user's private fields, although the request came without a token. */
function proven(context: UserContext, session: IssuedSession): IssuedSession {
  context.provenUserIds.add(session.user.id);
  return session;
}

builder.mutationFields((t) => ({
  signUp: t.field({
    type: SessionType,
    description: 'Makes an account and signs in to it. USERNAME_TAKEN when the name is somebody’s.',
    args: { input: t.arg({ type: SignUpInput, required: true, description: 'The new account.' }) },
    resolve: async (_root, { input }, context) =>
      proven(context, await signUp(context.parts, { ...input, avatarUrl: input.avatarUrl ?? null })),
  }),

  signIn: t.field({
    type: SessionType,
    description: 'Starts a session. INVALID_CREDENTIALS when the two do not belong together; RATE_LIMITED after many.',
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who, and the proof.' }) },
    resolve: async (_root, { input }, context) =>
      proven(context, await signIn(context.parts, input, context.clientAddress)),
  }),

  refreshSession: t.field({
    type: SessionType,
    description:
      'New tokens for old. A refresh token works once. Repeated within a short grace it gives an equally good pair; ' +
      'after that, or once the refresh token that it gave has been used, using it again ends the session for everybody ' +
      'who holds its tokens (SESSION_ENDED).',
    args: { input: t.arg({ type: RefreshSessionInput, required: true, description: 'Which session.' }) },
    resolve: async (_root, { input }, context) =>
      proven(context, await refreshSession(context.parts, input.refreshToken)),
  }),

  signOut: t.field({
    type: SignOutPayload,
    description: 'Ends the session everywhere, open subscriptions included.',
    args: { input: t.arg({ type: SignOutInput, required: true, description: 'Which session.' }) },
    resolve: async (_root, { input }, { parts }) => {
      await signOut(parts, input.refreshToken);
      return { signedOut: true };
    },
  }),
}));
