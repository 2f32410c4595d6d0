import { graphqlErrorOf, KithError } from '@kith/service-kit';
import type { GraphQLError } from 'graphql';

/** A document that is not answered, now or ever. */
export class PlanRefused extends Error {
  override name = 'PlanRefused';
  /** The same document is refused again. */
  readonly forGood: boolean;

  /** `why` is for the operator alone. */
  constructor(why: string, { forGood }: { forGood: boolean }) {
    super(why);
    this.forGood = forGood;
  }

  /** For the client; others for each answer, as whoever sends one adds to it. */
  get errors(): readonly GraphQLError[] {
    return [
      graphqlErrorOf(
        this.forGood
          ? new KithError('BAD_USER_INPUT', 'This operation cannot be answered: write it in another way.')
          : new KithError('SERVICE_UNAVAILABLE', 'Try again in a moment.', { retryAfterMs: 1_000 }),
      ),
    ];
  }
}
