import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningSystem, reconcile, startSystem } from '@kith/local';
import { type FilledGraph, fillDatabases } from '../graphs/fill-databases.ts';
import type { Figure, Measurement } from '../report/measurement.ts';
import { REFUSE_NOTHING } from '../system/refuse-nothing.ts';

const PEOPLE = 100_000;
/** Views that are loaded before: those of the best connected, and so the longest. */
const VIEWS = 2_000;
const OWNERS_AT_ONCE = 50;

export const measureReconcile: Measurement = {
  name: 'reconcile',
  title: 'Reconciliation',
  onlyByName: true,
  takesNumbers: true,
  explained: `\`kith events reconcile\` of a graph of ${PEOPLE.toLocaleString('en')} people (or of as many as are named), ten friendships each by a power law: every profile against its copy and every list against its view, of which there are none, and then ${VIEWS.toLocaleString('en')}, those of the best connected.`,

  async run({ folder, started, step }, numbers) {
    const figures: Figure[] = [];
    const people = numbers[0] ?? PEOPLE;
    step('starting a system');
    const system = await startSystem({ kithData: folder, durable: false, env: REFUSE_NOTHING });
    started.defer(() => system.stop());
    const graph = await fillDatabases({
      people,
      friendUrl: system.friendDatabaseUrl,
      userUrl: system.userDatabaseUrl,
      step,
    });
    for (const views of [0, Math.min(VIEWS, people)]) {
      step(`comparing, with ${views} views`);
      await loadViews(system, graph, views);
      figures.push(
        ...(await compare(system, `${people.toLocaleString('en')} lists, ${views.toLocaleString('en')} views`)),
      );
    }
    return figures;
  },
};

async function loadViews(system: RunningSystem, graph: FilledGraph, views: number): Promise<void> {
  for (let from = 0; from < views; from += OWNERS_AT_ONCE) {
    const owners = Array.from({ length: Math.min(OWNERS_AT_ONCE, views - from) }, (_, at) => graph.idOf(from + at));
    await rebuildViews(system, owners);
  }
}

const TRIES = 20;

/** A machine that is busy may answer that it is: asked again, it does no more. */
async function rebuildViews(system: RunningSystem, owners: readonly string[]): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    const response = await fetch(`${system.friend.url}/operator/rebuild-views`, {
      method: 'POST',
      headers: { authorization: `Bearer ${system.operatorKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ owners }),
    });
    if (response.ok) return;
    if (tried === TRIES) throw new Error(`Views were not loaded: ${await response.text()}`);
    await response.body?.cancel();
    await sleep(500);
  }
}

async function compare(system: RunningSystem, what: string): Promise<Figure[]> {
  const access = { userUrl: system.user.url, friendUrl: system.friend.url, operatorKey: system.operatorKey };
  const took = new Map<string, number>();
  let differences = 0;
  let before = performance.now();
  for (const service of ['user', 'friend'] as const) {
    for await (const line of reconcile(access, service)) {
      if ('difference' in line) differences += 1;
      if (!('progress' in line)) continue;
      const now = performance.now();
      const part = `${service}: ${line.progress.check}`;
      took.set(part, (took.get(part) ?? 0) + now - before);
      before = now;
    }
  }
  const whole = [...took.values()].reduce((sum, ms) => sum + ms, 0);
  return [
    { what: `${what}: differences`, value: differences, unit: 'errors', goal: { atMost: 0 } },
    { what, value: whole, unit: 'ms' },
    ...[...took].map(([part, value]): Figure => ({ what: `${what}, ${part}`, value, unit: 'ms' })),
  ];
}
