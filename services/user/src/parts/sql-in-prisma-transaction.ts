import type { SqlConnection } from '@kith/event-delivery';
import type { Prisma } from '../generated/client.ts';

/** Adapter: lets event delivery write inside a Prisma transaction. */
export function sqlIn(tx: Prisma.TransactionClient): SqlConnection {
  return {
    query: async <Row extends object>(text: string, values: unknown[] = []) => ({
      rows: await tx.$queryRawUnsafe<Row[]>(text, ...values),
    }),
  };
}
