import { parseArgs } from 'node:util';
import { statusOf } from '@kith/local';
import { askWhetherReady, type Readiness } from '@kith/local-servers';
import { SERVICE_NAMES } from '@kith/services';
import { type ExitCode, UsedWrongly } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';

export const STATUS_HELP = `kith status [--json]

Says which processes are ready, what they miss, and how far outbox, streams and consumers are.
Ends with 0 when every process is ready and misses nothing, else with 1.`;

/** `kith status`. */
export async function showStatus(args: readonly string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { json: { type: 'boolean' } },
  });
  if (positionals.length > 0) throw new UsedWrongly(STATUS_HELP);
  const access = await findRunningSystem();
  const processes = [
    ...(access.gatewayUrl ? [{ name: 'gateway', url: access.gatewayUrl, status: undefined }] : []),
    ...SERVICE_NAMES.flatMap((name) => {
      const url = access[`${name}Url`];
      // On request only.
      return url === undefined ? [] : [{ name, url, status: () => statusOf(access, name) }];
    }),
  ];
  const reports = await Promise.all(
    processes.map(async ({ name, url, status }) => ({
      name,
      url,
      ...(await askWhetherReady(url).catch(() => NOT_THERE)),
      ...(status && { status: await status().catch((error: Error) => ({ error: error.message })) }),
    })),
  );
  if (values.json) process.stdout.write(`${JSON.stringify({ processes: reports })}\n`);
  else for (const report of reports) process.stdout.write(`${described(report)}\n`);
  return reports.every(({ missing }) => missing.length === 0) ? 0 : 1;
}

const NOT_THERE: Readiness = { ready: false, missing: ['the process itself: it does not answer'] };

function described(report: Readiness & { name: string; url: string; status?: object }): string {
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
  const named = Object.values(each).filter((value) => typeof value === 'string');
  const counted = Object.entries(each).filter(([, value]) => typeof value !== 'string');
  return `${indent}${named.join(' ').padEnd(28)} ${counted.map(([key, value]) => `${key} ${inWords(value)}`).join(', ')}`;
}

function inWords(value: unknown): string {
  return typeof value === 'number' ? value.toLocaleString('en') : String(value);
}
