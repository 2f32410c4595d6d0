import { type DestinationStream, type Logger, pino } from 'pino';
import { currentTraceparent, traceIdOf } from './trace-context.ts';

/** Fields that must never reach a log, anywhere in the logged object (two levels deep). */
const SECRETS = ['password', 'currentPassword', 'newPassword', 'refreshToken', 'accessToken', 'token', 'authorization'];

const WRITTEN_WITHIN_MS = 5_000;

/**
 * Structured logging: JSON lines on stdout, each with the process's name and, inside a trace, its id; levels have names.
 * Secrets are redacted.
 *
 * @param destination where else; see `destinationForPeople`
 */
export function createLog(
  { name, level }: { name: string; level: string },
  // A length of 1 lets `flush` wait for what is being written; each line is written at once all the same.
  destination: DestinationStream = pino.destination({ dest: 1, minLength: 1 }),
): Logger {
  return pino(
    {
      name,
      level,
      base: {},
      formatters: { level: (label) => ({ level: label }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: describeError },
      redact: { paths: SECRETS.flatMap((secret) => [secret, `*.${secret}`]), remove: true },
      mixin: () => {
        const traceId = traceIdOf(currentTraceparent());
        return traceId === undefined ? {} : { traceId };
      },
    },
    destination,
  );
}

/** As pino does, without the live objects that drivers hang on their errors: a connection is pages long and says nothing. */
function describeError(error: unknown): unknown {
  const described: unknown = pino.stdSerializers.err(error as Error);
  if (!(error instanceof Error)) return described;
  return Object.fromEntries(Object.entries(described as object).filter(([, value]) => isData(value)));
}

function isData(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null || 'stack' in value;
}

/**
 * Resolves when all lines are written, in their order, or nobody has taken them for five seconds: what is still being written
 * at the exit of a process would be overtaken by what is flushed then, or lost.
 */
export function logIsWritten(log: Logger): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, WRITTEN_WITHIN_MS);
    log.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
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
