import { setTimeout as wait } from 'node:timers/promises';
import { type Answered, type PlannerProcess, type PlannerProgram, startPlannerProcess } from './planner-process.ts';

/** What waits in a lane to be planned. */
export interface PlanJob {
  readonly text: string;
  readonly operationName: string | undefined;
  /** Whoever has sent it. */
  readonly from: string;
  /** Nobody waits for it any more. */
  readonly over: boolean;
}

export interface LaneOptions extends PlannerProgram {
  readonly supergraphSdl: string;
  /** How much of the processor's time one may take, and how long in all; then the process that plans it ends. */
  readonly mostCpuMs: number;
  readonly withinMs: number;
  /** Whether another process stands by. */
  readonly spare: boolean;
  /** What became of a job. */
  readonly done: (job: PlanJob, answered: Answered) => void;
  readonly ended: () => void;
  readonly startFailed: (error: unknown) => void;
}

/** So many processes are begun at once one after the other, and then one in so long. */
const STARTS_AT_ONCE = 5;
const ONE_START_IN_MS = 200;

/**
 * A single-worker queue: a row of documents and the process that plans them, one by one; when it ends under one, the
 * next document has another process, which may stand by already.
 */
export class PlannerLane {
  readonly waiting: PlanJob[] = [];
  readonly #options: LaneOptions;
  #process: PlannerProcess | undefined;
  #spare: Promise<PlannerProcess | undefined> | undefined;
  #working = false;
  #stopped = false;
  /** A token bucket: when the next start is free. */
  #nextStartAt = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Begins with this process. */
  use(process: PlannerProcess): void {
    this.#process = process;
    this.#standBy();
  }

  add(job: PlanJob): void {
    this.waiting.push(job);
    if (!this.#working) void this.#work();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.waiting.length = 0;
    const spare = await this.#spare;
    await Promise.all([this.#process?.stop(), spare?.stop()]);
  }

  /** Never rejects. */
  async #work(): Promise<void> {
    this.#working = true;
    for (let job = this.waiting.shift(); job; job = this.waiting.shift()) {
      if (job.over) continue;
      const process = await this.#alive(job);
      if (!process) continue;
      if (job.over) continue;
      const { text, operationName } = job;
      const { mostCpuMs, withinMs } = this.#options;
      const answered = await process.plan({ text, operationName, mostCpuMs }, withinMs);
      if (answered.kind === 'ended' && !this.#stopped) this.#options.ended();
      if (answered.kind === 'planned' && answered.worn) void this.#leave(process).stop();
      this.#options.done(job, answered);
    }
    this.#working = false;
  }

  #leave(process: PlannerProcess): PlannerProcess {
    if (this.#process === process) this.#process = undefined;
    return process;
  }

  /** Undefined once it is not wanted any more. */
  async #alive(job: PlanJob): Promise<PlannerProcess | undefined> {
    while (!this.#stopped && !job.over) {
      if (this.#process?.alive) return this.#process;
      const spare = await this.#spare;
      this.#spare = undefined;
      this.#process = spare?.alive ? spare : await this.#start();
      this.#standBy();
    }
    return undefined;
  }

  #standBy(): void {
    if (this.#options.spare && !this.#stopped) this.#spare ??= this.#start();
  }

  /** Never rejects: undefined when it could not be started. */
  async #start(): Promise<PlannerProcess | undefined> {
    const now = performance.now();
    this.#nextStartAt = Math.max(this.#nextStartAt, now - STARTS_AT_ONCE * ONE_START_IN_MS) + ONE_START_IN_MS;
    if (this.#nextStartAt > now) await wait(this.#nextStartAt - now, undefined, { ref: false });
    if (this.#stopped) return undefined;
    try {
      const process = await startPlannerProcess(this.#options.supergraphSdl, this.#options);
      if (!this.#stopped) return process;
      await process.stop();
    } catch (error) {
      if (!this.#stopped) this.#options.startFailed(error);
    }
    return undefined;
  }
}
