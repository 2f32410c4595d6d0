import { createHash } from 'node:crypto';
import type { PlanNode } from '@graphql-hive/router-query-planner';
import type { Logger } from '@kith/service-kit';
import { Counter } from '@prometheus-io/client';
import { PlanRefused } from './plan-refused.ts';
import { type PlanJob, PlannerLane } from './planner-lane.ts';
import { type Answered, type PlannerEnd, startPlannerProcess } from './planner-process.ts';
import { remember } from './remember-a-bounded-number.ts';
import { SenderRecords } from './sender-records.ts';

/** Nobody can say how a document is to be answered; the reason is in the metric and in the log. */
type PlanRefusal = PlannerEnd | 'planner' | 'gateway';

export interface AskedPlan {
  /** The operation, as it is to be planned. */
  readonly text: string;
  readonly operationName: string | undefined;
  /** Of the document that the client has sent: by it an operator finds it again. */
  readonly hash: string;
  /** Whoever has sent it; what else comes from the sender of what has ended a process is planned apart. */
  readonly from: string;
  /** Of no client's: what is found is for whoever tries alone. */
  readonly trial?: boolean;
}

export interface Planner {
  /** Undefined when no service has to be asked. Rejects with PlanRefused only. */
  plan(asked: AskedPlan): Promise<PlanNode | undefined>;
  /** What was planned cannot be run: it is counted and told once, and refused from now on. */
  refuse(asked: AskedPlan, why: unknown): PlanRefused;
  stop(): Promise<void>;
}

export interface PlannerOptions {
  readonly supergraphSdl: string;
  readonly log: Pick<Logger, 'error' | 'warn'>;
  /** A module to run in place of the planner's. */
  readonly program?: string | undefined;
}

const refusals = new Counter({
  name: 'kith_plans_refused_total',
  help: 'Documents that are not answered because no plan could be made of them, each counted once, by the reason.',
  labelNames: ['reason'],
});
const documents = new Counter({
  name: 'kith_planner_documents_total',
  help: 'Documents that were given to the planner: those that were seen for the first time.',
});
const ends = new Counter({
  name: 'kith_planner_ends_total',
  help: 'Times a process of the planner ended under a document, and another one took its place.',
});

/** What takes more goes apart. On a machine that is very busy a moment of the processor's time takes long. */
const IN_THE_ROW = { processes: 3, mostCpuMs: 100, withinMs: 1_000 };
const OF_STRANGERS = { ...IN_THE_ROW, processes: 2 };
const APART = { processes: 2, mostCpuMs: 500, withinMs: 1_500 };
/** A client waits no longer for an answer. */
const WAIT_AT_MOST_MS = 2_500;
const MOST_WAITING = 500;
const MOST_WAITING_APART_OF_ONE = 10;
const MOST_WAITING_APART = 100;
const LESS_IMPORTANT = 5;

type Outcome = PlanNode | undefined | PlanRefused;

interface Waiting extends PlanJob, AskedPlan {
  readonly key: string;
  over: boolean;
  alone: boolean;
  suspect: boolean;
  /** Somebody has ended a process under it. */
  killed: boolean;
  /** It took more than there is in the row. */
  slow: boolean;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * A bulkhead around the planner, which is native code that no `try` holds: it runs in processes of its own, and what ends
 * one is refused and remembered. Only what ends a process that has planned nothing before is taken for the cause: any
 * other end may be a neighbour's fault, and the document is tried once more, alone. Documents are planned in one row; one
 * that is not planned soon, one that is tried once more, and all from a sender whose document has ended a process a moment
 * ago, in a second row beside it, so that others do not wait for them. While one sender after the other ends processes,
 * those who were never there before have a third: they do not wait for what is tried again, and nobody waits for them.
 * Rejects when the supergraph cannot be read.
 */
export async function planInProcessesApart(
  options: PlannerOptions,
): Promise<{ planner: Planner; consumerSchema: string }> {
  const program = options.program === undefined ? {} : { program: options.program };
  const first = await startPlannerProcess(options.supergraphSdl, program);
  const planner = new ProcessesApart(options, program);
  planner.begin(first);
  return { planner, consumerSchema: first.consumerSchema };
}

class ProcessesApart implements Planner {
  readonly #log: PlannerOptions['log'];
  readonly #row: PlannerLane;
  /** Begun by the first flood. */
  readonly #strangers: PlannerLane;
  readonly #apart: PlannerLane;
  readonly #refused = new Map<string, true>();
  readonly #told = new Map<string, true>();
  readonly #late = new Map<string, true>();
  /** Single-flight: callers that ask for the same meanwhile wait for the same plan. */
  readonly #inFlight = new Map<string, Promise<Outcome>>();
  readonly #senders = new SenderRecords();
  #stopped = false;

  constructor({ supergraphSdl, log }: PlannerOptions, program: { program?: string }) {
    this.#log = log;
    const common = {
      supergraphSdl,
      ...program,
      ended: () => ends.inc(),
      startFailed: (err: unknown) => log.error({ err }, 'the planner could not be started again'),
    };
    const done = (apart: boolean) => (job: PlanJob, answered: Answered, alone: boolean) =>
      this.#done(job as Waiting, answered, { apart, alone });
    this.#row = new PlannerLane({ ...common, ...IN_THE_ROW, done: done(false) });
    this.#strangers = new PlannerLane({ ...common, ...OF_STRANGERS, done: done(false) });
    this.#apart = new PlannerLane({ ...common, ...APART, niceness: LESS_IMPORTANT, done: done(true) });
  }

  begin(first: Parameters<PlannerLane['use']>[0]): void {
    this.#row.use(first);
  }

  async plan(asked: AskedPlan): Promise<PlanNode | undefined> {
    const key = keyOf(asked);
    if (this.#refused.has(key)) throw new PlanRefused('It was refused before.', { forGood: true });
    let outcome = this.#inFlight.get(key);
    if (!outcome) {
      outcome = this.#enter(key, asked);
      this.#inFlight.set(key, outcome);
    }
    const planned = await outcome;
    if (planned instanceof PlanRefused) throw planned;
    return planned;
  }

  refuse(asked: AskedPlan, why: unknown): PlanRefused {
    return this.#refuse(keyOf(asked), asked, 'gateway', why instanceof Error ? why.message : String(why));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const lanes = [this.#row, this.#strangers, this.#apart];
    for (const lane of lanes) for (const job of lane.waiting) (job as Waiting).settle(unavailable());
    await Promise.all(lanes.map((lane) => lane.stop()));
  }

  #enter(key: string, asked: AskedPlan): Promise<Outcome> {
    documents.inc();
    return new Promise((resolve) => {
      const settle = (outcome: Outcome) => {
        clearTimeout(timer);
        job.over = true;
        this.#inFlight.delete(key);
        resolve(outcome);
      };
      const timer = setTimeout(() => {
        // What has ended a process is tried to its end: otherwise it could be sent again and end another.
        if (job.alone || job.slow) resolve(unavailable());
        else settle(unavailable());
      }, WAIT_AT_MOST_MS);
      const suspicion = this.#senders.suspicionOf(asked.from);
      const suspect = suspicion === 'suspect';
      const lane = suspicion === 'stranger' ? this.#strangers : this.#row;
      const job: Waiting = { ...asked, key, suspect, over: false, alone: false, killed: false, slow: false, settle };
      if (this.#stopped) settle(unavailable());
      else if (suspect) this.#setApart(job);
      else if (lane.waiting.length >= MOST_WAITING) settle(unavailable());
      else lane.add(job);
    });
  }

  #done(job: Waiting, answered: Answered, where: { apart: boolean; alone: boolean }): void {
    if (answered.kind === 'planned') {
      // A neighbour has ended the process that it was planned in before, and not this document.
      this.#senders.planned(job.from, { absolved: job.alone && !job.slow });
      job.settle(answered.node);
    } else if (answered.kind !== 'ended') job.settle(this.#refuse(job.key, job, 'planner', wordsOf(answered)));
    else if (this.#stopped) job.settle(unavailable());
    else this.#ended(job, answered, where);
  }

  #ended(
    job: Waiting,
    { how, said }: Extract<Answered, { kind: 'ended' }>,
    { apart, alone }: { apart: boolean; alone: boolean },
  ): void {
    // The process may have ended for another reason: only a document that two have ended with is taken for the cause.
    const onceMore = how === 'killed' && !job.killed;
    const isSlow = how === 'late' || how === 'time';
    this.#senders.ended(job.from, { suspect: !onceMore, inRow: !apart });
    if (onceMore || !alone || (isSlow && !apart)) {
      job.killed ||= how === 'killed';
      job.slow ||= how === 'time';
      job.alone = true;
      job.suspect = true;
      this.#setApart(job);
    } else if (how === 'late' && !this.#late.has(job.key)) {
      // This machine may have been late, and not the document.
      remember(this.#late, job.key, true);
      job.settle(unavailable());
    } else job.settle(this.#refuse(job.key, job, how, said));
  }

  #setApart(job: Waiting): void {
    const waiting = this.#apart.waiting as Waiting[];
    const ofTheSame = waiting.filter(({ from }) => from === job.from).length;
    if (waiting.length >= MOST_WAITING_APART || ofTheSame >= MOST_WAITING_APART_OF_ONE) job.settle(unavailable());
    else this.#apart.add(job);
  }

  #refuse(key: string, { hash, trial }: AskedPlan, reason: PlanRefusal, said: string): PlanRefused {
    if (!trial) remember(this.#refused, key, true);
    if (!trial && !this.#told.has(hash)) {
      remember(this.#told, hash, true);
      refusals.inc({ reason });
      this.#log.error({ document: hash, reason, said }, 'a document cannot be planned: it is refused from now on');
    }
    return new PlanRefused(`${reason}: ${said}`, { forGood: true });
  }
}

function unavailable(): PlanRefused {
  return new PlanRefused('It was not planned in time.', { forGood: false });
}

function wordsOf(answered: Answered): string {
  return answered.kind === 'refused' ? answered.why : `It answered with "${answered.kind}".`;
}

function keyOf({ text, operationName = '' }: AskedPlan): string {
  return createHash('sha256').update(`${operationName}\n${text}`).digest('base64');
}
