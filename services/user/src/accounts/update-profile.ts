import type { Viewer } from '@kith/service-kit';
import type { ProfileToChange } from '../domain/user.ts';
import { UserRuleError } from '../domain/user-rule-error.ts';
import type { UserServiceParts } from '../parts/user-service-parts.ts';
import type { UserRow } from '../profiles/user-row.ts';
import { changeOwnAccount } from './change-own-account.ts';

/** As GraphQL passes it: an omitted field is undefined. */
interface ProfileInput {
  readonly nickname?: string | null | undefined;
  readonly avatarUrl?: string | null | undefined;
  readonly friendPolicy?: ProfileToChange['friendPolicy'] | null;
}

/** Changes the viewer's profile and returns it. UserRuleError BAD_USER_INPUT, SESSION_ENDED. */
export async function updateProfile(parts: UserServiceParts, viewer: Viewer, input: ProfileInput): Promise<UserRow> {
  const wanted = read(input);
  const { user } = await changeOwnAccount(parts, viewer, (account) => account.changeProfile(wanted, parts.moment()));
  return user;
}

function read({ nickname, avatarUrl, friendPolicy }: ProfileInput): ProfileToChange {
  if (nickname === null) throw cannotClear('nickname');
  if (friendPolicy === null) throw cannotClear('friendPolicy');
  return {
    ...(nickname === undefined ? {} : { nickname }),
    ...(avatarUrl === undefined ? {} : { avatarUrl }),
    ...(friendPolicy === undefined ? {} : { friendPolicy }),
  };
}

function cannotClear(field: string): UserRuleError {
  return new UserRuleError('BAD_USER_INPUT', `${field} cannot be null: leave it out to keep it.`, { field });
}
