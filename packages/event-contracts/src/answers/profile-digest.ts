import { z } from 'zod';

/** What the user service answers of a range of profiles in the order of ids: by it a copy is compared without its rows. */
export const profileDigestSchema = z.object({
  /** The id that the range ends with; null where it is the last one. */
  last: z.string().nullable(),
  /** Profiles in it, those of deleted accounts included. */
  profiles: z.int(),
  /** Of those that are not deleted, see `PROFILE_DIGEST`. */
  digest: z.string(),
});

/** At most so many profiles in a range. */
export const PROFILES_A_RANGE = 10_000;

/**
 * Range digest, in SQL on both sides: SHA-256, in hex, of lines in the order of ids, each the JSON of one row of
 * `person`, which selects "userId", username, nickname, "avatarUrl", "friendPolicy" and version, in this order. Of no
 * rows it is empty.
 */
export const PROFILE_DIGEST = `coalesce(encode(sha256(convert_to(
    string_agg(row_to_json(person)::text, E'\\n' ORDER BY person."userId"), 'UTF8')), 'hex'), '')`;
