import { setTimeout as wait } from 'node:timers/promises';
import { present } from '@kith/service-kit';
import { type Answered, type PlannerProcess, type PlannerProgram, startPlannerProcess } from './planner-process.ts';

/** What waits in a lane to be planned. */
export interface PlanJob {
  readonly text: string;
  readonly operationName: string | undefined;
  /** Nobody waits for it any more, and it need not be planned. */
  readonly over: boolean;
  /** In a process that has planned nothing before: what ends that one has done so itself. */
  readonly alone: boolean;
  /** Whether its sender's documents have ended processes: then it lets others go first. */
  readonly suspect: boolean;
}

export interface LaneOptions extends PlannerProgram {
  readonly supergraphSdl: string;
  /** How much of the processor's time one may take, and how long in all; then the process that plans it ends. */
  readonly mostCpuMs: number;
  readonly withinMs: number;
  /** So many processes plan at once, once the first document has come or `use` has begun. */
  readonly processes: number;
  /** What became of a job; `alone`: its process had planned nothing before. */
  readonly done: (job: PlanJob, answered: Answered, alone: boolean) => void;
  readonly ended: () => void;
  readonly startFailed: (error: unknown) => void;
}

interface Worker {
  readonly process: PlannerProcess;
  /** It has planned nothing before. */
  readonly unused: boolean;
}

/** So many processes are begun at once one after the other, and then one in so long. */
const STARTS_AT_ONCE = 5;
const ONE_START_IN_MS = 200;

const ONE_IS_IDLE = 'a document is given out when a process is idle';

/**
 * A worker pool: a row of documents and the processes that plan them, each one at a time. The others go on while one is
 * slow or ends, and another is begun in its place at once, not only when it is needed.
 */
export class PlannerLane {
  readonly waiting: PlanJob[] = [];
  readonly #options: LaneOptions;
  readonly #idle: Worker[] = [];
  readonly #all = new Set<PlannerProcess>();
  readonly #starting = new Set<Promise<void>>();
  #stopped = false;
  /** A token bucket: when the next start is free. */
  #nextStartAt = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Begins with this process. */
  use(process: PlannerProcess): void {
    this.#take(process);
    this.#topUp();
  }

  add(job: PlanJob): void {
    this.#forgetWhatIsOver();
    this.waiting.push(job);
    this.#next();
    this.#topUp();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.waiting.length = 0;
    await Promise.all([...this.#all].map((process) => process.stop()));
    await Promise.all(this.#starting);
  }

  /** Gives to processes that are idle what waits for them. */
  #next(): void {
    this.#forgetWhatIsOver();
    while (this.#idle.length > 0 && this.waiting.length > 0) {
      const trusted = this.waiting.findIndex(({ suspect }) => !suspect);
      const at = Math.max(0, trusted);
      const job = present(this.waiting[at], 'a row that is not empty has a first document');
      const worker = this.#workerFor(job);
      if (worker === 'starts') return;
      if (!worker.process.alive) this.#leave(worker.process);
      else {
        this.waiting.splice(at, 1);
        void this.#plan(job, worker);
      }
    }
  }

  /** What need not be alone leaves the unused to what must; for that a used one makes room where there is no other. */
  #workerFor(job: PlanJob): Worker | 'starts' {
    const at = this.#idle.findIndex(({ unused }) => unused === job.alone);
    if (at >= 0 || !job.alone) return present(this.#idle.splice(Math.max(0, at), 1)[0], ONE_IS_IDLE);
    if (this.#starting.size === 0) this.#leave(present(this.#idle.shift(), ONE_IS_IDLE).process);
    return 'starts';
  }

  #forgetWhatIsOver(): void {
    for (let at = this.waiting.length - 1; at >= 0; at -= 1) if (this.waiting[at]?.over) this.waiting.splice(at, 1);
  }

  /** Never rejects. */
  async #plan(job: PlanJob, { process, unused: alone }: Worker): Promise<void> {
    const { mostCpuMs, withinMs } = this.#options;
    const answered = await process.plan({ text: job.text, operationName: job.operationName, mostCpuMs }, withinMs);
    if (answered.kind === 'ended' && !this.#stopped) this.#options.ended();
    if (answered.kind === 'ended' || (answered.kind === 'planned' && answered.worn)) this.#leave(process);
    else this.#idle.push({ process, unused: false });
    this.#options.done(job, answered, alone);
    this.#next();
  }

  #take(process: PlannerProcess): void {
    this.#all.add(process);
    this.#idle.push({ process, unused: true });
    this.#next();
  }

  #leave(process: PlannerProcess): void {
    this.#all.delete(process);
    void process.stop();
    this.#topUp();
  }

  #topUp(): void {
    while (!this.#stopped && this.#all.size + this.#starting.size < this.#options.processes) {
      const starting = this.#start().then((process) => {
        this.#starting.delete(starting);
        if (process) this.#take(process);
        // What waits is what a start is tried again for.
        else if (this.waiting.some(({ over }) => !over)) this.#topUp();
      });
      this.#starting.add(starting);
    }
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
