import { QueryPlanner } from '@graphql-hive/router-query-planner';
import type { FromPlanner, ToPlanner } from './planner-process.ts';

// The program of the guest process: it holds the planner, which is native code, and nothing else. Whatever a document
// makes of that ends this process and no other. Plans are made in a thread beside this one, so that it can be seen from
// here when one takes too much, or when the gateway is gone.

const WATCH_EVERY_MS = 10;
/** All of this process: some 60 are its own. */
const MOST_MEMORY_BYTES = 400 * 1024 * 1024;
/** A process that has grown beyond this over many plans is replaced between two of them. */
const WORN_BYTES = MOST_MEMORY_BYTES / 2;
const LOOK_FOR_WEAR_EVERY = 200;

/** Of progressive overrides: none is switched on, so that their fields stay where they were. */
const NO_LABELS = new Set<string>();

let planner: QueryPlanner;
let planned = 0;

async function answer(asked: ToPlanner): Promise<FromPlanner> {
  if (asked.kind === 'read') {
    planner = new QueryPlanner(asked.supergraphSdl);
    return { kind: 'read', consumerSchema: planner.consumerSchema };
  }
  const watching = watch(asked.mostCpuMs);
  try {
    const { node } = await planner.planAsync(asked.text, asked.operationName, NO_LABELS, 0);
    planned += 1;
    const worn = planned % LOOK_FOR_WEAR_EVERY === 0 && process.memoryUsage.rss() > WORN_BYTES;
    return { kind: 'planned', node, worn };
  } finally {
    clearInterval(watching);
  }
}

function watch(mostCpuMs: number): NodeJS.Timeout {
  const before = process.cpuUsage();
  return setInterval(() => {
    const { user, system } = process.cpuUsage(before);
    if (process.memoryUsage.rss() > MOST_MEMORY_BYTES) giveUp('memory');
    else if ((user + system) / 1000 > mostCpuMs) giveUp('time');
  }, WATCH_EVERY_MS);
}

/** Says why and is no more: an orderly exit would wait for the plan. */
function giveUp(why: 'memory' | 'time'): void {
  process.send?.({ kind: 'gave up', why } satisfies FromPlanner, end);
}

function end(): void {
  process.kill(process.pid, 'SIGKILL');
}

process.on('message', (asked: ToPlanner) => {
  answer(asked)
    .catch((error: unknown): FromPlanner => ({ kind: 'refused', why: String((error as Error)?.message ?? error) }))
    .then((answered) => process.send?.(answered));
});
process.on('disconnect', end);
// The gateway says when: it may have documents to plan while it drains.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
