import type { FriendDetails } from './relationship-state.ts';
import { TEXT_LIMITS, writtenTags, writtenText } from './written-text.ts';

export interface DetailsToChange {
  readonly remark?: string | null | undefined;
  readonly pinned?: boolean | null | undefined;
  readonly tags?: readonly string[] | null | undefined;
}

/** What is kept about somebody who has just become a friend. */
export function detailsAtFirst(remark: string | null, since: Date): FriendDetails {
  return { remark, pinned: false, tags: [], since };
}

/** What is asked for, as it is written down; what stays as it is, is left out. Throws FriendRuleError BAD_USER_INPUT. */
export function writtenDetails({ remark, pinned, tags }: DetailsToChange): Partial<Omit<FriendDetails, 'since'>> {
  return {
    ...(remark !== undefined && { remark: writtenText('remark', remark, TEXT_LIMITS.remark) }),
    ...(pinned != null && { pinned }),
    ...(tags && { tags: writtenTags(tags) }),
  };
}

export function sameDetails(a: FriendDetails, b: FriendDetails): boolean {
  return (
    a.remark === b.remark &&
    a.pinned === b.pinned &&
    a.tags.length === b.tags.length &&
    a.tags.every((tag, at) => tag === b.tags[at])
  );
}
