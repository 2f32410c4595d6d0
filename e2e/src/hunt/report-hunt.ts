import type { HuntReport } from './hunt-holes.ts';

/** Promised: how long after the end of a fault every client has what its list was then. */
export const CAUGHT_UP_AFTER_FAULT_MS = 5_000;

/** Until every client had caught up, after each fault that was waited for. */
export function slowestCatchUp({ faults }: HuntReport): { name: string; ms: number } {
  const waitedFor = faults.filter(({ caughtUpMs }) => caughtUpMs.length > 0);
  const all = waitedFor.map(({ name, caughtUpMs }) => ({ name, ms: Math.max(...caughtUpMs) }));
  return all.reduce((slowest, one) => (one.ms > slowest.ms ? one : slowest), { name: 'none', ms: 0 });
}

export function reportHunt(report: HuntReport): string {
  const { options, faults, rates, mutations, pushed, reconnects, catchUps, caughtUpAtEndMs } = report;
  const { sent, late, retried, overtaken } = mutations;
  const overall = rates.overall.toSorted((a, b) => a - b);
  const each = faults.flatMap(({ caughtUpMs }) => caughtUpMs);
  const slowest = slowestCatchUp(report);
  return `${[
    `hole hunting: ${options.clients} clients on 2 gateways, ${report.lists} lists of ${report.lists / options.lists} kinds, ${options.changesPerSecond} mutations/s of each friend list, ${options.seconds} s`,
    `  mutations    ${sent} sent, all answered; ${retried} retries, ${overtaken} overtaken, ${late} late at the end`,
    `  changes/s    of each list: ${atOf(overall, 0).toFixed(1)} to ${atOf(overall, 1).toFixed(1)} over all, ${rates.betweenFaults.toFixed(1)} between faults, ${rates.duringFaults.toFixed(1)} during them`,
    `  pushed       ${pushed} changes, each once and in order: ${Math.round(pushed / options.seconds)}/s`,
    `  reconnects   ${listed(reconnects)}`,
    `  catch-ups    ${listed(catchUps)} (as gateways counted until just before each fault)`,
    `  caught up    worst ${Math.round(slowest.ms)} ms (${slowest.name}); of all clients p50 ${Math.round(percentile(each, 0.5))} ms, p99 ${Math.round(percentile(each, 0.99))} ms`,
    `               ${Math.round(caughtUpAtEndMs)} ms after the last change was answered`,
    ...faultLines(report),
  ].join('\n')}\n`;
}

/** One line for each kind of fault: how often, how long, and how long until all had caught up. */
function faultLines({ faults }: HuntReport): string[] {
  const names = [...new Set(faults.map(({ name }) => name))].toSorted();
  return names.map((name) => {
    const same = faults.filter((fault) => fault.name === name);
    const worst = same.flatMap(({ caughtUpMs }) =>
      caughtUpMs.length > 0 ? [Math.round(Math.max(...caughtUpMs))] : [],
    );
    const took = same.map(({ tookMs }) => Math.round(tookMs));
    return `  ${name.padEnd(36)} ${same.length} times, ${Math.min(...took)} to ${Math.max(...took)} ms; all caught up after ${worst.length > 0 ? `${worst.join(', ')} ms` : 'none was waited for'}`;
  });
}

function listed(counts: Readonly<Record<string, number>>): string {
  const names = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return names.join(', ') || 'none';
}

function percentile(values: readonly number[], share: number): number {
  return atOf(
    values.toSorted((a, b) => a - b),
    share,
  );
}

function atOf(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
