import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The PATH of somebody who does not work in this workspace. */
export const pathOutside = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);

/**
 * The folder of a Node of this major version: the machine's own, the one that runs this, or the one on npm, which is put
 * into `folder`.
 */
export async function findNode(major: number, folder: string): Promise<string> {
  const own = pathOutside.split(delimiter).find((each) => existsSync(join(each, 'node')));
  const here = [own, dirname(process.execPath)].filter((each) => each !== undefined);
  for (const each of here) if ((await majorOf(each)) === major) return each;
  const name = `node-${process.platform}-${process.arch}`;
  await mkdir(folder, { recursive: true });
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', `${name}@${major}`];
  await run('npm', install, { cwd: folder, env: { ...process.env, PATH: pathOutside }, timeout: 180_000 });
  return join(folder, 'node_modules', name, 'bin');
}

async function majorOf(folder: string): Promise<number> {
  const { stdout } = await run(join(folder, 'node'), ['-p', 'parseInt(process.versions.node)']);
  return Number(stdout);
}
