import { setTimeout as delay } from 'node:timers/promises';
import { NatsAccessError } from '@kith/event-delivery';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { createLog } from '../telemetry/create-log.ts';
import { startTracing } from '../telemetry/start-tracing.ts';
import { ConfigError, parseConfig } from './read-config.ts';
import { type Stop, stopInReverse } from './shutdown.ts';

/** What a process runs, once it has started. */
export interface RunningPart {
  /** `http://127.0.0.1:4101`. */
  readonly url: string;
  /** Drains, then closes everything that the start opened. */
  stop(): Promise<void>;
  /** Resolves with the reason when it had better be started anew than look well. Never rejects. */
  readonly brokenBy?: Promise<unknown>;
}

interface ProcessConfig {
  readonly LOG_LEVEL: Parameters<typeof createLog>[0]['level'];
  readonly TRACES_TO?: string | undefined;
}

/** How long what runs may take to stop. */
const FORCED_AFTER_MS = 10_000;

/**
 * The life of a process, from its configuration to its exit code: reads the environment, starts, and runs until SIGTERM
 * or SIGINT, also while it still starts; then stops what runs, the last started first. Resolves with 0 when it stopped,
 * and with 1 when it could not start, broke down, or had not stopped after 10 s. What a person can mend by another
 * setting is one sentence on stderr, which names the variable; the rest is logged. Never rejects.
 */
export async function runProcess<Schema extends z.ZodObject>(process_: {
  readonly name: string;
  readonly configSchema: Schema;
  readonly start: (config: z.output<Schema> & ProcessConfig, log: Logger) => Promise<RunningPart>;
}): Promise<0 | 1> {
  const signalled = nextSignal('SIGTERM', 'SIGINT');
  const stops: Stop[] = [];
  let log: Logger | undefined;
  try {
    const config = parseConfig(process_.configSchema) as z.output<Schema> & ProcessConfig;
    const ownLog = createLog({ name: process_.name, level: config.LOG_LEVEL });
    log = ownLog;
    const running = async () => {
      stops.push(await startTracing({ name: process_.name, to: config.TRACES_TO }));
      const part = await process_.start(config, ownLog);
      stops.push(() => part.stop());
      const broken = failureOf(part);
      // What broke down while it started was never ready.
      await Promise.race([broken, delay(0)]);
      ownLog.info({ url: part.url }, 'ready');
      return broken;
    };
    const signal = await Promise.race([signalled, running()]);
    return await stopWithin(FORCED_AFTER_MS, signal, ownLog, stops);
  } catch (error) {
    if (!log || error instanceof ConfigError || error instanceof NatsAccessError) {
      process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    } else log.fatal({ err: error }, 'cannot run');
    return 1;
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
