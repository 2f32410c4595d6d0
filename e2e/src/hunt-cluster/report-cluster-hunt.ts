import type { ClusterHuntReport } from './hunt-cluster.ts';

/** Goals, in ms from the fault; of faults that did not overlap with another. */
const WITHIN_MS: Readonly<Record<string, number>> = {
  'stream leader killed': 10_000,
  'Postgres primary killed': 15_000,
};

/** What was promised besides that nothing is missed, and was not kept. */
export function shortcomings({ faults }: ClusterHuntReport): string[] {
  const late = faults.filter(
    ({ name, overlapped, caughtUpMs }) => !overlapped && caughtUpMs > (WITHIN_MS[name] ?? Number.POSITIVE_INFINITY),
  );
  const seen = faults.filter(({ planned, clientErrors }) => planned && clientErrors > 0);
  return [
    ...late.map(({ name, caughtUpMs }) => `${name}: all had caught up after ${Math.round(caughtUpMs)} ms only`),
    ...seen.map(({ name, clientErrors }) => `${name}: clients saw ${clientErrors} errors`),
  ];
}

export function reportClusterHunt(report: ClusterHuntReport): string {
  const { options, faults, mutations, pushed, reconnects, catchUps, caughtUpAtEndMs } = report;
  const { sent, late, retried, overtaken } = mutations;
  const names = [...new Set(faults.map(({ name }) => name))].toSorted();
  const short = shortcomings(report);
  return `${[
    `cluster hunting: ${options.clients} clients, ${options.lists} lists, ${options.changesPerSecond} mutations/s each, ${options.seconds} s`,
    `  mutations    ${sent} sent, all answered; ${retried} retries, ${overtaken} overtaken, ${late} late at the end`,
    `  pushed       ${pushed} changes, each once and in order; nothing acknowledged lost, 0 differences`,
    `  reconnects   ${listed(reconnects)}`,
    `  catch-ups    ${listed(catchUps)} (as gateways counted until just before each fault)`,
    `               ${Math.round(caughtUpAtEndMs)} ms after the last change was answered`,
    ...names.map((name) => faultLine(report, name)),
    ...(short.length > 0 ? ['  not as promised:', ...short.map((each) => `    ${each}`)] : []),
  ].join('\n')}\n`;
}

/** One line for each kind of fault: how often, and the worst catch-up alone and beside another fault. */
function faultLine({ faults }: ClusterHuntReport, name: string): string {
  const same = faults.filter((fault) => fault.name === name);
  const worst = (overlapped: boolean) => {
    const all = same.filter((fault) => fault.overlapped === overlapped).map(({ caughtUpMs }) => Math.round(caughtUpMs));
    return all.length > 0 ? `${Math.max(...all)} ms` : 'never';
  };
  const errors = same.reduce((sum, { clientErrors }) => sum + clientErrors, 0);
  const planned = same.some((fault) => fault.planned) ? `; planned, ${errors} client errors` : '';
  return `  ${name.padEnd(32)} ${same.length} times; worst catch-up alone ${worst(false)}, overlapping ${worst(true)}${planned}`;
}

function listed(counts: Readonly<Record<string, number>>): string {
  const names = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return names.join(', ') || 'none';
}
