import { type DestinationStream, type Logger, pino } from 'pino';
import { currentTraceparent, traceIdOf } from './trace-context.ts';

/** Fields that must never reach a log, anywhere in the logged object (two levels deep). */
const SECRETS = ['password', 'currentPassword', 'newPassword', 'refreshToken', 'accessToken', 'token', 'authorization'];

/**
 * JSON lines on stdout, each with the process's name and, inside a trace, its id. Secrets are redacted. `destination`
 * is for tests.
 */
export function createLog(
  { name, level }: { name: string; level: string },
  destination: DestinationStream = pino.destination(1),
): Logger {
  return pino(
    {
      name,
      level,
      base: {},
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((secret) => [secret, `*.${secret}`]), remove: true },
      mixin: () => {
        const traceId = traceIdOf(currentTraceparent());
        return traceId === undefined ? {} : { traceId };
      },
    },
    destination,
  );
}

export type { Logger };
