import type { ClusterFaultDone } from './break-cluster.ts';
import { timesWanted } from './choose-faults.ts';
import type { ClusterHuntReport } from './hunt-cluster.ts';
import type { BackAfterPromotion } from './measure-promotion.ts';

/** Goals, in ms from the fault; of faults that did not overlap with another. */
const WITHIN_MS: Readonly<Record<string, number>> = {
  'stream leader killed': 10_000,
  'Postgres primary killed': 15_000,
};

/** For the relay, since the promotion. */
const BACK_WITHIN_MS = 10_000;

/** Planned faults that cost a client an error, with nothing beside them that nobody planned. */
export function seenByClients(faults: readonly ClusterFaultDone[]): readonly ClusterFaultDone[] {
  return faults.filter((fault) => fault.clientErrors.length > 0 && fault.disturbedBy === undefined);
}

/** What was planned, and had to start a process more than once; a machine that is too busy proves nothing. */
export function startsThatFailed(faults: readonly ClusterFaultDone[]): readonly string[] {
  return faults
    .filter(({ planned, disturbedBy }) => planned && disturbedBy !== 'a busy machine')
    .flatMap(({ name, failedStarts }) => failedStarts.map((what) => `${name}: ${what}`));
}

/** Kinds of faults that were met too seldom for a hunt of that length to say much of them. */
function tooFew({ options, faults, kinds }: ClusterHuntReport): string[] {
  const wanted = timesWanted(options.seconds);
  const times = (kind: string) => faults.filter(({ name }) => name === kind).length;
  return kinds
    .filter((kind) => times(kind) < wanted)
    .map((kind) => `${kind}: met ${times(kind)} times only, and ${wanted} are wanted in ${options.seconds} s`);
}

/** What was promised besides that nothing is missed, and was not kept. */
export function shortcomings(report: ClusterHuntReport): string[] {
  const { faults } = report;
  const late = faults.filter(
    ({ name, overlapped, caughtUpMs }) => !overlapped && caughtUpMs > (WITHIN_MS[name] ?? Number.POSITIVE_INFINITY),
  );
  const away = faults.filter(({ overlapped, promotion }) => {
    return !overlapped && promotion && Math.max(promotion.relayedMs, promotion.listensMs) > BACK_WITHIN_MS;
  });
  return [
    ...late.map(({ name, caughtUpMs }) => `${name}: all had caught up after ${Math.round(caughtUpMs)} ms only`),
    ...away.map(({ name, promotion }) => `${name}: ${saidOf(promotion)}`),
    ...seenByClients(faults).map(({ name, clientErrors }) => `${name}: clients saw ${counted(clientErrors)}`),
    ...startsThatFailed(faults),
    ...tooFew(report),
  ];
}

export function reportClusterHunt(report: ClusterHuntReport): string {
  const { options, kinds, mutations, pushed, reconnects, catchUps, caughtUpAtEndMs } = report;
  const { sent, late, retried, retriedFor, longestMs, overtaken } = mutations;
  const names = kinds.toSorted();
  const short = shortcomings(report);
  return `${[
    `cluster hunting: ${options.clients} clients, ${options.lists} lists, ${options.changesPerSecond} mutations/s each, ${options.seconds} s`,
    `  mutations    ${sent} sent, all answered; ${retried} retries, ${overtaken} overtaken, ${late} late at the end`,
    `               the longest tried for ${Math.round(longestMs)} ms; retried for ${listed(retriedFor)}`,
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
  return `  ${name.padEnd(32)} ${same.length} times; worst catch-up alone ${worst(false)}, overlapping ${worst(true)}${ofPlanned(same)}${ofPromotions(same)}`;
}

function ofPlanned(same: readonly ClusterFaultDone[]): string {
  const planned = same.filter((fault) => fault.planned);
  if (planned.length === 0) return '';
  const disturbed = planned.filter(({ disturbedBy }) => disturbedBy !== undefined);
  const errors = planned.filter(({ disturbedBy }) => !disturbedBy).flatMap(({ clientErrors }) => clientErrors);
  const besides = disturbed.map(({ disturbedBy, clientErrors }) => `${clientErrors.length} beside ${disturbedBy}`);
  return `; planned, ${[`${errors.length} client errors`, ...besides].join(', ')}`;
}

function ofPromotions(same: readonly ClusterFaultDone[]): string {
  const said = same.flatMap(({ promotion }) => (promotion ? [saidOf(promotion)] : []));
  return said.map((each) => `; ${each}`).join('');
}

const saidOf = (promotion: BackAfterPromotion | undefined) =>
  promotion && `relayed ${promotion.relayedMs} ms after the promotion, listens after ${promotion.listensMs} ms`;

function counted(said: readonly string[]): string {
  const names = [...new Set(said)];
  return names.map((name) => `${said.filter((each) => each === name).length} × ${name}`).join(', ');
}

function listed(counts: Readonly<Record<string, number>>): string {
  const names = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
  return names.join(', ') || 'none';
}
