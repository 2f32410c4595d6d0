import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { BROWSER_COMMANDS, findProgram, NATS_COMMANDS, REDIS_COMMANDS, SetupProblem } from '@kith/local-servers';
import { HAPROXY_COMMANDS } from '../cluster/start-haproxy.ts';

const NEEDED = {
  nats: { commands: NATS_COMMANDS, debianPackage: 'nats-server', variable: 'NATS_URL' },
  redis: { commands: REDIS_COMMANDS, debianPackage: 'redis-server', variable: 'REDIS_URL' },
  haproxy: { commands: HAPROXY_COMMANDS, debianPackage: 'haproxy', variable: undefined },
  /** Only for the tests of the web client. */
  chromium: { commands: BROWSER_COMMANDS, debianPackage: 'chromium', variable: 'PATH' },
} as const;
type Kind = keyof typeof NEEDED;

/**
 * Finds the programs of the servers to start. Missing ones are installed with apt where that needs no confirmation: as
 * root on Debian or Ubuntu.
 *
 * @param say called before steps that take long
 * @param otherWays whether the advice names other ways than installing: the variables and Docker
 * @throws {SetupProblem} that says what to install
 */
export async function findOrInstallServers<K extends Kind>(
  kinds: readonly K[],
  say: (line: string) => void,
  otherWays = true,
): Promise<Record<K, string>> {
  const find = () => Object.fromEntries(kinds.map((kind) => [kind, findProgram(NEEDED[kind].commands)]));
  const missingOf = (found: Record<string, string | undefined>) => kinds.filter((kind) => !found[kind]);
  let found = find();
  const missing = missingOf(found);
  if (missing.length > 0) {
    await install(missing, say, otherWays);
    found = find();
    const stillMissing = missingOf(found);
    if (stillMissing.length > 0) throw adviseToInstall(stillMissing, otherWays);
  }
  return found as Record<K, string>;
}

async function install(missing: readonly Kind[], say: (line: string) => void, otherWays: boolean): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) throw adviseToInstall(missing, otherWays);
  const packages = missing.map((kind) => NEEDED[kind].debianPackage);
  say(`Installing ${packages.join(' and ')} with apt …`);
  const installing = await apt(['install', '-y', '--no-install-recommends', ...packages]);
  if (installing === undefined) return;
  // A fresh image has no package lists yet, or has old ones that name versions no longer served.
  const updating = await apt(['update']);
  const failure = updating ?? (await apt(['install', '-y', '--no-install-recommends', ...packages]));
  if (failure !== undefined) throw adviseToInstall(missing, otherWays, ` (apt-get could not: ${failure})`);
}

/** undefined when it succeeded, else the first error it printed. */
function apt(args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('apt-get', ['-q', ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => {
      const lines = output.split('\n').filter(Boolean);
      resolve(
        code === 0 ? undefined : (lines.find((line) => line.startsWith('E: ')) ?? lines.at(-1) ?? `code ${code}`),
      );
    });
  });
}

function adviseToInstall(missing: readonly Kind[], otherWays: boolean, why = ''): SetupProblem {
  const names = missing.map((kind) => NEEDED[kind].commands[0]).join(' and ');
  const variables = missing.flatMap((kind) => NEEDED[kind].variable ?? []);
  const packages = missing.map((kind) => NEEDED[kind].debianPackage).join(' ');
  const how =
    process.platform === 'darwin'
      ? `run "brew install ${packages.replace('redis-server', 'redis')}"`
      : `install ${missing.length > 1 ? 'them' : 'it'} (on Debian or Ubuntu: sudo apt-get install -y --no-install-recommends ${packages})`;
  const orSet = variables.length === missing.length ? `, or set ${variables.join(' and ')}` : '';
  const orLeave = missing.includes('haproxy') ? ', or start without --cluster' : '';
  const orElse = otherWays ? `${orLeave || orSet}, or use "docker compose up" instead` : '';
  return new SetupProblem(`${names} not found${why}: ${how}${orElse}.`);
}
