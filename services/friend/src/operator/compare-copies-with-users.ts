import { setTimeout as sleep } from 'node:timers/promises';
import type { DifferenceReport } from '@kith/event-delivery';
import type pg from 'pg';
import type { UserService, UsersProfile } from '../profiles/user-service.ts';

const PAGE = 1_000;
/** How long a copy that is behind may take to catch up before it counts: the system runs meanwhile. */
const SETTLE_MS = 2_000;

const COPIES = `
  SELECT user_id, username, nickname, avatar_url, friend_policy, version, deleted
  FROM profile WHERE user_id = ANY($1::uuid[])`;

// Copies of people whom the user service does not have: their id lies between two of its pages' ends.
const COPIES_BETWEEN = `
  SELECT user_id FROM profile
  WHERE NOT deleted AND ($1::uuid IS NULL OR user_id > $1) AND ($2::uuid IS NULL OR user_id <= $2)`;

/** Every profile of the user service against its copy here. Resolves to the number of profiles compared. */
export async function compareCopiesWithUsers(
  pool: pg.Pool,
  users: UserService,
  report: DifferenceReport,
): Promise<number> {
  let compared = 0;
  let after: string | null = null;
  let suspects: UsersProfile[] = [];
  for (;;) {
    const page = await users.profilePage(after, PAGE);
    suspects.push(...(await whichDiffer(pool, page)));
    const last: string | null = page.length < PAGE ? null : (page.at(-1)?.userId ?? null);
    await reportStrangers(pool, users, { after, last, known: new Set(page.map(({ userId }) => userId)) }, report);
    compared += page.length;
    await report.onProgress('copies', compared, compared);
    if (last === null) break;
    after = last;
  }
  if (suspects.length > 0) {
    await sleep(SETTLE_MS);
    suspects = await whichDiffer(pool, await users.profiles(suspects.map(({ userId }) => userId)));
  }
  for (const { userId, version } of suspects) {
    await report.onDifference({
      check: 'copies',
      owner: userId,
      revision: version,
      detail: `the copy is not the profile of version ${version}`,
    });
  }
  return compared;
}

async function whichDiffer(pool: pg.Pool, profiles: readonly UsersProfile[]): Promise<UsersProfile[]> {
  const { rows } = await pool.query(COPIES, [profiles.map(({ userId }) => userId)]);
  const copies = new Map(rows.map((row) => [row.user_id as string, row]));
  return profiles.filter((profile) => {
    const copy = copies.get(profile.userId);
    // Of somebody who left before anything here had to do with them there need be no copy.
    if (profile.deleted) return copy !== undefined && !copy.deleted;
    return (
      copy?.deleted ||
      copy?.version !== profile.version ||
      copy.username !== profile.username ||
      copy.nickname !== profile.nickname ||
      copy.avatar_url !== profile.avatarUrl ||
      copy.friend_policy !== profile.friendPolicy
    );
  });
}

async function reportStrangers(
  pool: pg.Pool,
  users: UserService,
  range: { after: string | null; last: string | null; known: ReadonlySet<string> },
  report: DifferenceReport,
): Promise<void> {
  const { rows } = await pool.query<{ user_id: string }>(COPIES_BETWEEN, [range.after, range.last]);
  const strangers = rows.map((row) => row.user_id).filter((userId) => !range.known.has(userId));
  if (strangers.length === 0) return;
  // Somebody who has signed up since the page was read is no difference.
  const signedUp = new Set((await users.profiles(strangers)).map(({ userId }) => userId));
  for (const owner of strangers) {
    if (signedUp.has(owner)) continue;
    await report.onDifference({
      check: 'copies',
      owner,
      detail: 'a copy of a profile that the user service does not have',
    });
  }
}
