import { type DestinationStream, type Logger, pino } from 'pino';
import { currentTraceparent, traceIdOf } from './trace-context.ts';

/** Fields that must never reach a log, anywhere in the logged object (two levels deep). */
const SECRETS = ['password', 'currentPassword', 'newPassword', 'refreshToken', 'accessToken', 'token', 'authorization'];

/**
 * Structured logging: JSON lines on stdout, each with the process's name and, inside a trace, its id; levels have names.
 * Secrets are redacted.
 *
 * @param destination where else; see `destinationForPeople`
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
      formatters: { level: (label) => ({ level: label }) },
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

/** On a terminal the same lines, laid out for people; undefined elsewhere, where programs read them. */
export async function destinationForPeople({
  stream = process.stdout,
  env = process.env,
}: {
  stream?: { readonly isTTY?: boolean; readonly fd: number };
  env?: NodeJS.ProcessEnv;
} = {}): Promise<DestinationStream | undefined> {
  if (!stream.isTTY) return undefined;
  // Loaded here: only a process that somebody watches needs it.
  const { default: pretty } = await import('pino-pretty');
  // https://no-color.org
  const colorize = !env.NO_COLOR && env.TERM !== 'dumb';
  return pretty({ destination: stream.fd, sync: true, colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
}

export type { Logger };
