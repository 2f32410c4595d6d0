import { spawn } from 'node:child_process';
import { rename, rm, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nodeProgram, workspaceRoot } from '../system/run-program-with-node-24.ts';
import { isOlderThanItsSources } from './is-older-than-its-sources.ts';

const WEB = join(workspaceRoot, 'web');
const BUILT = join(WEB, 'dist');
/** All that goes into the build. */
const SOURCES = [
  'web/src',
  'web/index.html',
  'web/vite.config.ts',
  'web/codegen.ts',
  'web/package.json',
  'packages/client/src',
  'docs/api.graphql',
];

/**
 * Builds the web client into `web/dist` when it is missing or older than what it is made of.
 *
 * @param say told when there is something to build, which takes some seconds
 * @throws {Error} with what the build said
 */
export async function buildWebClientWhenStale(say: (line: string) => void): Promise<void> {
  const sources = SOURCES.map((path) => join(workspaceRoot, path));
  if (!(await isOlderThanItsSources(join(BUILT, 'index.html'), sources))) return;
  say('Building the web client …');
  const startedAt = new Date();
  const folder = `${BUILT}-${process.pid}`;
  try {
    await run('@graphql-codegen/cli', 'graphql-codegen', ['--config', 'codegen.ts', '--silent']);
    await run('vite', 'vite', ['build', '--logLevel', 'warn', '--outDir', folder]);
    // As old as its sources: what is edited while it is built makes it stale.
    await utimes(join(folder, 'index.html'), startedAt, startedAt);
    await rm(BUILT, { recursive: true, force: true });
    await rename(folder, BUILT);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs the command of a package that the web client depends on. */
async function run(packageName: string, command: string, args: readonly string[]): Promise<void> {
  const require = createRequire(join(WEB, 'package.json'));
  const manifestFile = require.resolve(`${packageName}/package.json`);
  const { bin } = require(manifestFile) as { bin: string | Record<string, string> };
  const file = join(dirname(manifestFile), typeof bin === 'string' ? bin : (bin[command] ?? ''));
  const child = spawn(nodeProgram(), [file, ...args], {
    cwd: WEB,
    // The caller may be a test, for which React has another, larger build.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (output += bytes));
  const code = await new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${command} could not build the web client (${code}):\n${output}`);
}
