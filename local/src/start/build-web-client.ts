import { spawn } from 'node:child_process';
import { readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nodeProgram, workspaceRoot } from '../system/run-program-with-node-24.ts';

const WEB = join(workspaceRoot, 'web');
const BUILT = join(WEB, 'dist');
/** All that goes into the build. */
const SOURCES = ['web/src', 'web/index.html', 'web/vite.config.ts', 'web/codegen.ts', 'web/package.json'];
const SOURCES_ELSEWHERE = ['packages/client/src', 'docs/api.graphql'];

/**
 * Builds the web client into `web/dist` when it is missing or older than what it is made of.
 *
 * @param say told when there is something to build, which takes some seconds
 * @throws {Error} with what the build said
 */
export async function buildWebClientWhenStale(say: (line: string) => void): Promise<void> {
  if (await isFresh()) return;
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

async function isFresh(): Promise<boolean> {
  const built = await stat(join(BUILT, 'index.html')).catch(() => undefined);
  if (!built) return false;
  const times = await Promise.all(
    [...SOURCES, ...SOURCES_ELSEWHERE].map((path) => newestIn(join(workspaceRoot, path))),
  );
  return Math.max(...times) <= built.mtimeMs;
}

/** When the file, or the newest file of the folder, was last written, in milliseconds of the epoch. */
async function newestIn(path: string): Promise<number> {
  const here = await stat(path);
  if (!here.isDirectory()) return here.mtimeMs;
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  // Generated code is made by the build itself, and tests are not in it.
  const files = entries.filter(
    ({ parentPath, name }) => !join(parentPath, name).includes('generated') && !name.includes('.test.'),
  );
  const stats = await Promise.all(files.map(({ parentPath, name }) => stat(join(parentPath, name))));
  return Math.max(0, ...stats.map(({ mtimeMs }) => mtimeMs));
}

/** Runs the command of a package that the web client depends on. */
async function run(packageName: string, command: string, args: readonly string[]): Promise<void> {
  const require = createRequire(join(WEB, 'package.json'));
  const manifestFile = require.resolve(`${packageName}/package.json`);
  const { bin } = require(manifestFile) as { bin: string | Record<string, string> };
  const file = join(dirname(manifestFile), typeof bin === 'string' ? bin : (bin[command] ?? ''));
  const child = spawn(nodeProgram(), [file, ...args], {
    cwd: WEB,
    // Whoever calls may be a test: React has another, larger build for those.
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
