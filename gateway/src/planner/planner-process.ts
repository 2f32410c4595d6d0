import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PlanNode } from '@graphql-hive/router-query-planner';
import { present } from '@kith/service-kit';

export type ToPlanner =
  | { readonly kind: 'read'; readonly supergraphSdl: string }
  | {
      readonly kind: 'plan';
      readonly text: string;
      readonly operationName: string | undefined;
      /** Of the processor's time. A usual plan takes a fifth of a millisecond. */
      readonly mostCpuMs: number;
    };

export type FromPlanner =
  | { readonly kind: 'read'; readonly consumerSchema: string }
  | {
      readonly kind: 'planned';
      /** Undefined when there is nothing to ask. */
      readonly node?: PlanNode | undefined;
      /** The process has grown, and should be replaced. */
      readonly worn: boolean;
    }
  /** The planner says no. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'gave up'; readonly why: 'memory' | 'time' };

/**
 * How a process has ended under what it was asked: by a fault of its own (`crash`), because that took too much of the
 * `memory` or of the processor's `time`, or because it did not answer in time (`late`); `killed`: by somebody else.
 */
export type PlannerEnd = 'crash' | 'memory' | 'time' | 'late' | 'killed';

export type Answered = Exclude<FromPlanner, { kind: 'gave up' }> | { kind: 'ended'; how: PlannerEnd; said: string };

/** The planner as a guest process. It is asked one thing at a time, so that it is known what has ended it. */
export interface PlannerProcess {
  readonly consumerSchema: string;
  readonly pid: number;
  /** Whether it can be asked. */
  readonly alive: boolean;
  plan(asked: Omit<Extract<ToPlanner, { kind: 'plan' }>, 'kind'>, withinMs: number): Promise<Answered>;
  /** It has ended when this resolves. */
  stop(): Promise<void>;
}

export interface PlannerProgram {
  /** A module to run in the process instead of the planner. */
  readonly program?: string;
  /** How much less the machine cares for it than for us: 0 to 19. */
  readonly niceness?: number;
}

const PROGRAM = fileURLToPath(new URL('./plan-as-a-guest.ts', import.meta.url));
/** Where Node keeps what it compiled: a start takes half of the time. Where it cannot, it does without. */
const COMPILED = fileURLToPath(new URL('../../../node_modules/.cache/kith-compiled', import.meta.url));
const MOST_HEAP_MB = 128;
/** What the system gives to all of it at most, where it knows such a bound: more than the program allows itself. */
const MOST_DATA_KB = 1_000_000;
const START_WITHIN_MS = 20_000;
const REMEMBER_OF_STDERR = 2_000;
/** No image of its memory is written, and what it takes has a bound; a system without these bounds runs it as well. */
const LIMITED = `command ulimit -c 0 2>/dev/null; command ulimit -d ${MOST_DATA_KB} 2>/dev/null; exec "$0" "$@"`;

/** Resolves when it has read the supergraph; rejects when it cannot. */
export async function startPlannerProcess(
  supergraphSdl: string,
  { program = PROGRAM, niceness = 0 }: PlannerProgram = {},
): Promise<PlannerProcess> {
  const guest = new Guest(program);
  if (niceness > 0) guest.yieldTo(niceness);
  const read = await guest.ask({ kind: 'read', supergraphSdl }, START_WITHIN_MS);
  if (read.kind !== 'read') {
    await guest.stop();
    const why = read.kind === 'refused' ? read.why : read.kind === 'ended' ? `${read.how} ${read.said}` : read.kind;
    throw new Error(`The planner cannot read the supergraph: ${why.trim()}`);
  }
  const { consumerSchema } = read;
  return {
    consumerSchema,
    pid: guest.pid,
    get alive() {
      return guest.alive;
    },
    plan: (asked, withinMs) => guest.ask({ kind: 'plan', ...asked }, withinMs),
    stop: () => guest.stop(),
  };
}

/** A guest process: what it does to itself is its end, and an answer here. */
class Guest {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #answer: ((answered: Answered) => void) | undefined;
  #said = '';
  alive = true;

  constructor(program: string) {
    const node = [process.execPath, `--max-old-space-size=${MOST_HEAP_MB}`, '--no-warnings', program];
    this.#child = spawn('/bin/sh', ['-c', LIMITED, ...node], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Nothing of our secrets; and no stack of a fault, which takes long to write.
      env: { RUST_BACKTRACE: '0', NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? COMPILED },
    });
    this.#child.on('message', (message: FromPlanner) => {
      if (message.kind === 'gave up') this.#giveUp(message.why);
      else this.#answered(message);
    });
    this.#ended = this.#untilEnd();
    // Where the system has no more files for its pipes, there is neither.
    const { channel } = this.#child as { channel?: ChildProcess['channel'] };
    const stderr = this.#child.stderr as Socket | undefined;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(0, REMEMBER_OF_STDERR);
    });
    stderr?.on('error', () => undefined);
    // It ends with us: it need not keep us.
    this.#child.unref();
    channel?.unref();
    stderr?.unref();
  }

  get pid(): number {
    return present(this.#child.pid, 'a process that was started has a number');
  }

  yieldTo(niceness: number): void {
    try {
      setPriority(this.pid, niceness);
    } catch {
      // It has ended, or the system does not let us: it is as good as others then.
    }
  }

  ask(asked: ToPlanner, withinMs: number): Promise<Answered> {
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#giveUp('late'), withinMs);
      this.#answer = (answered) => {
        clearTimeout(late);
        resolve(answered);
      };
      if (!this.alive) return this.#answered({ kind: 'ended', how: 'killed', said: this.#said });
      // What cannot be sent is to one that ends: its end is the answer.
      this.#child.send(asked, () => undefined);
    });
  }

  stop(): Promise<void> {
    this.#child.ref();
    this.#child.kill('SIGKILL');
    return this.#ended;
  }

  /** Nobody waits until all that it has taken is given back. */
  #giveUp(how: 'memory' | 'time' | 'late'): void {
    this.alive = false;
    this.#child.kill('SIGKILL');
    this.#answered({ kind: 'ended', how, said: this.#said.trim() });
  }

  #answered(answered: Answered): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(answered);
  }

  /** Its last words come over the channel and by its standard error: both are read to the end first. */
  async #untilEnd(): Promise<void> {
    const child = this.#child;
    let how: PlannerEnd = 'killed';
    await new Promise<void>((resolve) => {
      // For its whole life: that it could not be started is one, that it could not be killed another.
      child.on('error', (error) => {
        this.#said += String(error);
        if (child.pid === undefined) resolve();
      });
      child.once('close', (code, signal) => {
        if (code !== null || (signal !== 'SIGKILL' && signal !== 'SIGTERM')) how = 'crash';
        if (child.connected) child.once('disconnect', () => resolve());
        else resolve();
      });
    });
    this.alive = false;
    this.#answered({ kind: 'ended', how, said: this.#said.trim() });
  }
}
