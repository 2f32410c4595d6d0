import type { SessionEnded } from '@kith/event-contracts';
import type { InUnitOfWork } from '@kith/event-delivery';
import type { InTurn, Replica } from '@kith/service-kit';
import type pg from 'pg';
import type { AttemptLimits } from '../attempts/limit-attempts.ts';
import type { Moment } from '../domain/user.ts';
import type { UserEvent } from '../domain/user-events.ts';
import type { Prisma, PrismaClient } from '../generated/client.ts';
import type { PasswordHasher } from '../passwords/hash-passwords.ts';
import type { AskWhoBlocks } from '../search/ask-who-blocks.ts';
import type { AccessTokenIssuer } from '../signing-keys/issue-access-tokens.ts';

/** What the operations work with; assembled once, by start-user-service.ts. */
export interface UserServiceParts {
  /** Ordinary reads and writes. */
  readonly prisma: PrismaClient;
  /** The same database, for statements worth seeing: the hot reads, the search, the import. */
  readonly pool: pg.Pool;
  /** For what may be late, where there is one. */
  readonly replica: Replica | undefined;
  /** Unit of work for changes of an account: state, events, and their subscribers in this process. */
  readonly inUnitOfWork: InUnitOfWork<UserEvent, Prisma.TransactionClient>;
  /** The same for an import, on connections that commands do not use. */
  readonly inImport: InUnitOfWork<UserEvent, pg.PoolClient>;
  /** Bulkhead: transactions on one account or session run one at a time, and leave connections to the others. */
  readonly inTurn: InTurn;
  readonly passwords: PasswordHasher;
  /** Limits guesses at every password check. */
  readonly attempts: AttemptLimits;
  readonly accessTokens: AccessTokenIssuer;
  readonly refreshTokenTtlS: number;
  /** How long a used refresh token may be presented again while its successor is unused. */
  readonly refreshGraceS: number;
  readonly askWhoBlocks: AskWhoBlocks;
  moment(): Moment;
  /**
   * Ends these sessions' tokens and sockets, here at once and elsewhere by announcement. Token verifiers find a missed
   * announcement in the database.
   */
  sessionsEnded(userId: string, which: SessionEnded): void;
}
