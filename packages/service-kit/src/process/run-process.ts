import { setTimeout as delay } from 'node:timers/promises';
import { NatsAccessError } from '@kith/event-delivery';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { askInsideDirectly } from '../http/choose-proxy.ts';
import { createLog, destinationForPeople, logIsWritten } from '../telemetry/create-log.ts';
import { startTracing } from '../telemetry/start-tracing.ts';
import { ConfigError, parseConfig } from './read-config.ts';
import { type Stop, stopInReverse } from './shutdown.ts';

/** What a process runs, once it has started. */
export interface RunningPart {
  /** `http://127.0.0.1:4101`. */
  readonly url: string;
  /** Drains, then closes everything that the start opened. */
  stop(): Promise<void>;
  /** Resolves with the reason when the part is broken and should be restarted. Never rejects. */
  readonly brokenBy?: Promise<unknown>;
}

interface ProcessConfig {
  readonly LOG_LEVEL: Parameters<typeof createLog>[0]['level'];
  readonly TRACES_TO?: string | undefined;
}

/** How long the running parts may take to stop. */
const FORCED_AFTER_MS = 10_000;

/**
 * The life of a process, from its configuration to its exit code: reads the environment, starts, and runs until SIGTERM
 * or SIGINT, even during the start; then stops the running parts in reverse order. Resolves with 0 when it stopped, and
 * with 1 when it could not start, broke down, or had not stopped after 10 s. A configuration error is one sentence on
 * stderr that names the variable; other errors are logged. Never rejects.
 */
export async function runProcess<Schema extends z.ZodObject>(process_: {
  readonly name: string;
  readonly configSchema: Schema;
  readonly start: (config: z.output<Schema> & ProcessConfig, log: Logger) => Promise<RunningPart>;
}): Promise<0 | 1> {
  askInsideDirectly();
  const signalled = nextSignal('SIGTERM', 'SIGINT');
  const stops: Stop[] = [];
  let log: Logger | undefined;
  try {
    const config = parseConfig(process_.configSchema) as z.output<Schema> & ProcessConfig;
    const ownLog = createLog({ name: process_.name, level: config.LOG_LEVEL }, await destinationForPeople());
    log = ownLog;
    ownLog.info({ pid: process.pid, node: process.version, logLevel: config.LOG_LEVEL }, 'starts');
    const running = async () => {
      stops.push(await startTracing({ name: process_.name, to: config.TRACES_TO }));
      const part = await process_.start(config, ownLog);
      stops.push(() => part.stop());
      const broken = failureOf(part);
      // A part that broke down during the start was never ready.
      await Promise.race([broken, delay(0)]);
      ownLog.info({ url: part.url }, 'ready');
      return broken;
    };
    const signal = await Promise.race([signalled, running()]);
    ownLog.info({ signal }, 'stops');
    const code = await stopWithin(FORCED_AFTER_MS, signal, ownLog, stops);
    if (code === 0) ownLog.info('stopped');
    return code;
  } catch (error) {
    if (!log || error instanceof ConfigError || error instanceof NatsAccessError) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    } else log.fatal({ err: error }, 'cannot run');
    return 1;
  } finally {
    if (log) await logIsWritten(log);
  }
}

function failureOf({ brokenBy }: RunningPart): Promise<never> {
  return new Promise((_, reject) => void brokenBy?.then(reject));
}

function nextSignal(...signals: NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.on(signal, resolve);
  });
}

async function stopWithin(ms: number, signal: string, log: Logger, stops: readonly Stop[]): Promise<0 | 1> {
  let timer: NodeJS.Timeout | undefined;
  const forced = new Promise<1>((resolve) => {
    timer = setTimeout(() => {
      log.error(`not stopped ${ms} ms after ${signal}: leaving anyway`);
      resolve(1);
    }, ms);
  });
  const stopped = stopInReverse(log, stops).then(() => 0 as const);
  return Promise.race([stopped, forced]).finally(() => clearTimeout(timer));
}
