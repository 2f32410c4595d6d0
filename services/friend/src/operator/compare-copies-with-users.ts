import { setTimeout as sleep } from 'node:timers/promises';
import { PROFILE_DIGEST, PROFILES_A_RANGE } from '@kith/event-contracts';
import type { DifferenceReport } from '@kith/event-delivery';
import type pg from 'pg';
import type { UserService, UsersProfile } from '../profiles/user-service.ts';

const PAGE = 1_000;
/** How long a copy that is behind may take to catch up before it counts: the system runs meanwhile. */
const SETTLE_MS = 2_000;

const COPIES = `
  SELECT user_id, username, nickname, avatar_url, friend_policy, version, deleted
  FROM profile WHERE user_id = ANY($1::uuid[])`;

// Their id lies between the ends of two of the user service's ranges.
const BETWEEN = `
  NOT deleted AND user_id > coalesce($1::uuid, '00000000-0000-0000-0000-000000000000')
  AND user_id <= coalesce($2::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')`;

const COPIES_BETWEEN = `SELECT user_id FROM profile WHERE ${BETWEEN}`;

const DIGEST_BETWEEN = `
  SELECT ${PROFILE_DIGEST} AS digest
  FROM (SELECT user_id AS "userId", username, nickname, avatar_url AS "avatarUrl", friend_policy AS "friendPolicy", version
        FROM profile WHERE ${BETWEEN}) AS person`;

/**
 * Every profile of the user service against its copy here: by a digest of each range, made in either database, and one by
 * one in ranges whose digests differ, or where the user service is older and knows none. Resolves to the number of
 * profiles compared.
 */
export async function compareCopiesWithUsers(
  pool: pg.Pool,
  users: UserService,
  report: DifferenceReport,
): Promise<number> {
  let compared = 0;
  let suspects: UsersProfile[] = [];
  for (let after: string | null = null; ; ) {
    const range: Awaited<ReturnType<UserService['profileDigest']>> = await users.profileDigest(after, PROFILES_A_RANGE);
    if (range && (await digestBetween(pool, after, range.last)) === range.digest) {
      compared += range.profiles;
    } else {
      const looked = await compareOneByOne(pool, users, { after, last: range?.last ?? null, before: compared }, report);
      compared += looked.compared;
      suspects.push(...looked.suspects);
    }
    await report.onProgress('copies', compared, compared);
    if (!range || range.last === null) break;
    after = range.last;
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

async function digestBetween(pool: pg.Pool, after: string | null, last: string | null): Promise<string | undefined> {
  const { rows } = await pool.query<{ digest: string }>(DIGEST_BETWEEN, [after, last]);
  return rows[0]?.digest;
}

/** A page at a time, up to the end of the range; strangers are named, suspects may only be behind. */
async function compareOneByOne(
  pool: pg.Pool,
  users: UserService,
  range: { after: string | null; last: string | null; before: number },
  report: DifferenceReport,
): Promise<{ compared: number; suspects: UsersProfile[] }> {
  let compared = 0;
  const suspects: UsersProfile[] = [];
  for (let { after } = range; ; ) {
    const whole: UsersProfile[] = await users.profilePage(after, PAGE);
    const page = whole.filter(({ userId }) => range.last === null || userId <= range.last);
    suspects.push(...(await whichDiffer(pool, page)));
    const isLast = whole.length < PAGE || page.length < whole.length || page.at(-1)?.userId === range.last;
    const last = isLast ? range.last : (page.at(-1)?.userId ?? null);
    await reportStrangers(pool, users, { after, last, known: new Set(page.map(({ userId }) => userId)) }, report);
    compared += page.length;
    await report.onProgress('copies', range.before + compared, range.before + compared);
    if (isLast) return { compared, suspects };
    after = last;
  }
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
