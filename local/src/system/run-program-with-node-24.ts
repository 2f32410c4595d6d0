import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder that holds the whole workspace. */
export const workspaceRoot = fileURLToPath(new URL('../../../', import.meta.url));

/** The Node that npm installed with the workspace; in an image without it, the one that runs us. */
export function nodeProgram(): string {
  const installed = fileURLToPath(new URL('../../../node_modules/node/bin/node', import.meta.url));
  return existsSync(installed) ? installed : process.execPath;
}

/** Where Node keeps what it compiled (its NODE_COMPILE_CACHE): a third less work for every start but the first. */
export const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/kith-compiled', import.meta.url));
