import type { SqlConnection } from '@kith/event-delivery';
import type { Prisma } from '../generated/client.ts';

/** Lets event delivery write inside a transaction that Prisma holds. */
export function sqlIn(tx: Prisma.TransactionClient): SqlConnection {
  return {
    query: async (text, values = []) => ({
      rows: await tx.$queryRawUnsafe<Record<string, unknown>[]>(text, ...values),
    }),
  };
}
