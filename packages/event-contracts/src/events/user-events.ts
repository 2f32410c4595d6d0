import { defineEvent } from '@kith/event-delivery/envelope';
import { z } from 'zod';
import { userEvent } from './subjects.ts';

/** What other services copy of a user. Its version is the event's revision. */
export const profileSchema = z.object({
  username: z.string(),
  nickname: z.string(),
  avatarUrl: z.string().nullable(),
  friendPolicy: z.enum(['OPEN', 'APPROVAL', 'CLOSED']),
});
export type ProfileData = z.output<typeof profileSchema>;

export const userRegistered = defineEvent({
  name: 'kith.user.registered',
  subject: userEvent('registered'),
  newest: profileSchema,
});

export const userProfileChanged = defineEvent({
  name: 'kith.user.profile-changed',
  subject: userEvent('profile-changed'),
  newest: z.object({ before: profileSchema, after: profileSchema }),
});

/** The account is gone: the profile's last revision. Copies are erased. */
export const userDeleted = defineEvent({
  name: 'kith.user.deleted',
  subject: userEvent('deleted'),
  newest: z.object({}),
});

export const userContracts = [userRegistered, userProfileChanged, userDeleted] as const;
