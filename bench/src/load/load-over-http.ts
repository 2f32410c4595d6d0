import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const AUTOCANNON = fileURLToPath(import.meta.resolve('autocannon'));

export interface HttpLoad {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Record<string, string>;
  /** Sent with POST, as JSON. */
  readonly body: string;
  /** What every answer must be, byte for byte: a fast wrong answer is no figure. */
  readonly expected: string;
}

/** Asks again and again over open connections, by autocannon in a process of its own. Throws when an answer is wrong. */
export async function loadOverHttp(load: HttpLoad): Promise<{ perSecond: number; total: number; p50Ms: number }> {
  const headers = { 'content-type': 'application/json', ...load.headers };
  const { stdout } = await promisify(execFile)(process.execPath, [
    AUTOCANNON,
    ...['--json', '--method', 'POST', '--body', load.body, '--expectBody', load.expected],
    ...['--connections', String(load.connections), '--duration', String(load.seconds)],
    ...Object.entries(headers).flatMap(([name, value]) => ['--headers', `${name}=${value}`]),
    load.url,
  ]);
  const report = JSON.parse(stdout) as Report;
  const wrong = report.errors + report.non2xx + report.mismatches + report.timeouts;
  if (wrong > 0) throw new Error(`${wrong} of ${report.requests.total} answers were wrong or failed.`);
  return {
    perSecond: report.requests.total / report.duration,
    total: report.requests.total,
    p50Ms: report.latency.p50,
  };
}

interface Report {
  readonly duration: number;
  readonly errors: number;
  readonly timeouts: number;
  readonly mismatches: number;
  readonly non2xx: number;
  readonly requests: { readonly total: number };
  readonly latency: { readonly p50: number };
}
