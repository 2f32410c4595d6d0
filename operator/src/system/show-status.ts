import { statusOf } from '@kith/local';
import { askWhetherReady, type Readiness } from '@kith/local-servers';
import { SERVICE_NAMES } from '@kith/services';
import { CommandFailed, type ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const STATUS_HELP = `kith status [--json]

Says which processes are ready, what they miss, and how far outbox, streams and consumers are; what several of them use is
said once. Ends with 0 when every process is ready and misses nothing, else with 1.

  --json  one JSON object: {"processes":[…],"streams":[…],"consumers":[…]}, with {"error":{…}} when Kith does not run`;

const ANSWERS_WITHIN_MS = 5_000;

/** `kith status`. */
export async function showStatus(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, STATUS_HELP, {});
  const access = await findRunningSystem().catch((error: Error) => {
    const { code } = error as Error & { code?: string };
    const nothing = { processes: [], streams: [], consumers: [] };
    throw new CommandFailed(error.message, { ...(code && { code }), found: nothing, cause: error });
  });
  const processes = [
    ...(access.gatewayUrl ? [{ name: 'gateway', url: access.gatewayUrl, status: undefined }] : []),
    ...SERVICE_NAMES.flatMap((name) => {
      const url = access[`${name}Url`];
      // On request only.
      return url === undefined ? [] : [{ name, url, status: () => statusOf(access, name, ANSWERS_WITHIN_MS) }];
    }),
  ];
  const answers = await Promise.all(
    processes.map(async ({ name, url, status }) => ({
      name,
      url,
      ...(await readinessOf(url)),
      ...(status && { status: await status().catch((error: Error) => ({ error: error.message })) }),
    })),
  );
  const { reports, ...shared } = sharedOnce(answers);
  if (values.json) process.stdout.write(`${JSON.stringify({ processes: reports, ...shared })}\n`);
  else {
    for (const report of reports) process.stdout.write(`${described(report)}\n`);
    for (const line of rows(shared, '')) process.stdout.write(`${line}\n`);
  }
  return reports.every(({ missing }) => missing.length === 0) ? 0 : 1;
}

type Report = Readiness & { name: string; url: string; status?: Record<string, unknown> };

/** Streams and consumers are on the one broker that all use: each process tells of all of them. */
function sharedOnce(reports: readonly Report[]) {
  const [streams, consumers] = ['streams', 'consumers'].map((kind) => {
    const all = reports.flatMap(({ status }) => (Array.isArray(status?.[kind]) ? (status[kind] as object[]) : []));
    return [...new Map(all.map((each) => [namesOf(each).join(' '), each])).values()];
  });
  const own = reports.map(({ status, ...report }): Report => {
    if (status === undefined) return report;
    const { streams: _streams, consumers: _consumers, ...rest } = status;
    return { ...report, status: rest };
  });
  return { reports: own, streams: streams ?? [], consumers: consumers ?? [] };
}

/** Never rejects: what does not answer, or is something else than Kith, is not there. */
async function readinessOf(url: string): Promise<Readiness> {
  const said = await askWhetherReady(url, { withinMs: ANSWERS_WITHIN_MS }).catch(() => NOT_THERE);
  return Array.isArray(said?.missing) ? said : NOT_THERE;
}

const NOT_THERE: Readiness = { ready: false, missing: ['the process itself: it does not answer'] };

function described(report: Report): string {
  const missing = report.missing.join(', ');
  const state = report.ready ? `ready${missing && `, but misses: ${missing}`}` : `NOT READY, missing: ${missing}`;
  return [`${report.name.padEnd(9)}${state.padEnd(8)}${report.url}`, ...rows(report.status ?? {}, '  ')].join('\n');
}

/** Nested objects as indented lines, whatever they hold: a service may say more in time. */
function rows(value: object, indent: string): string[] {
  return Object.entries(value).flatMap(([key, inner]) => {
    if (Array.isArray(inner))
      return inner.length === 0 ? [] : [`${indent}${key}`, ...inner.map((each) => line(each, `${indent}  `))];
    if (inner !== null && typeof inner === 'object') {
      const nested = rows(inner, `${indent}  `);
      return nested.length === 0 ? [] : [`${indent}${key}`, ...nested];
    }
    return [`${indent}${key.padEnd(28)} ${inWords(inner)}`];
  });
}

/** One of many things of a kind, a stream or a consumer, is one line: its names first, then what it counts. */
function line(each: object, indent: string): string {
  const counted = Object.entries(each).filter(([, value]) => typeof value !== 'string');
  return `${indent}${namesOf(each).join(' ').padEnd(28)} ${counted.map(([key, value]) => `${key} ${inWords(value)}`).join(', ')}`;
}

const namesOf = (each: object) => Object.values(each).filter((value) => typeof value === 'string');

function inWords(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en') : String(value);
}
