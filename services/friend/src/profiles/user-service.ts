import { profileDigestSchema } from '@kith/event-contracts';
import { askAnotherService, KithError, type SharedSecret } from '@kith/service-kit';
import { z } from 'zod';
import type { Profile } from './store-profile.ts';

/** What the friend service asks of the user service, as a service: with the gateway's key and no viewer. */
export interface UserService {
  /** Those of these people who have ever had an account. At most 1,000 ids are sent at once. */
  profiles(userIds: readonly string[]): Promise<UsersProfile[]>;
  /** All profiles in the order of ids, from after `after`, those of deleted accounts included. */
  profilePage(after: string | null, first: number): Promise<UsersProfile[]>;
  /** A digest of the next `first` profiles; undefined of a user service that is older and knows none. */
  profileDigest(after: string | null, first: number): Promise<ProfileDigest | undefined>;
}

type ProfileDigest = z.output<typeof profileDigestSchema>;

export interface UsersProfile extends Profile {
  /** The account is gone, and the names are empty. */
  readonly deleted: boolean;
}

const PROFILE_FIELDS = 'userId username nickname avatarUrl friendPolicy version deleted';
const AT_ONCE = 1_000;

const profileAnswer = z.object({
  userId: z.string(),
  username: z.string(),
  nickname: z.string(),
  avatarUrl: z.string().nullable(),
  friendPolicy: z.enum(['OPEN', 'APPROVAL', 'CLOSED']),
  version: z.int(),
  deleted: z.boolean(),
});
const errors = z.array(z.object({ message: z.string() })).optional();
const answerOf = z.object({ data: z.object({ profiles: z.array(profileAnswer) }).nullish(), errors });
const digestAnswer = z.object({ data: z.object({ digest: profileDigestSchema }).partial().nullish(), errors });

/** Throws KithError SERVICE_UNAVAILABLE when the user service does not answer within `timeoutMs`. */
export function connectUserService(options: {
  urls: readonly string[];
  gatewayKey: SharedSecret;
  timeoutMs?: number;
}): UserService {
  async function askAs<Schema extends z.ZodType>(
    schema: Schema,
    query: string,
    variables: object,
  ): Promise<z.output<Schema>> {
    try {
      const { json } = await askAnotherService(options.urls, '/graphql', {
        gatewayKey: options.gatewayKey,
        body: { query, variables },
        withinMs: options.timeoutMs ?? 3_000,
      });
      return schema.parse(json);
    } catch (cause) {
      throw new KithError('SERVICE_UNAVAILABLE', 'The user service does not answer: try again.', {}, { cause });
    }
  }

  async function ask(query: string, variables: object): Promise<UsersProfile[]> {
    const answer = await askAs(answerOf, query, variables);
    if (answer.data) return answer.data.profiles;
    throw new KithError('SERVICE_UNAVAILABLE', `The user service refused: ${answer.errors?.[0]?.message}`);
  }

  return {
    async profiles(userIds) {
      const found: UsersProfile[] = [];
      for (let start = 0; start < userIds.length; start += AT_ONCE) {
        const ids = userIds.slice(start, start + AT_ONCE);
        found.push(...(await ask(`query ($ids: [ID!]!) { profiles(ids: $ids) { ${PROFILE_FIELDS} } }`, { ids })));
      }
      return found;
    },
    profilePage: (after, first) =>
      ask(
        `query ($after: ID, $first: Int!) { profiles: profilePage(after: $after, first: $first) { ${PROFILE_FIELDS} } }`,
        { after, first },
      ),
    async profileDigest(after, first) {
      const { data } = await askAs(
        digestAnswer,
        'query ($after: ID, $first: Int!) { digest: profileDigest(after: $after, first: $first) { last profiles digest } }',
        { after, first },
      );
      return data?.digest;
    },
  };
}
