import { z } from 'zod';

/** Announced on `liveSessionEnded(userId)`: which sessions of the user ended. Open sockets of theirs are closed. */
export const sessionEndedSchema = z.union([
  z.object({ all: z.literal(true) }),
  z.object({ sessionIds: z.array(z.string()).min(1) }),
]);
export type SessionEnded = z.output<typeof sessionEndedSchema>;
