import { execFile, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { endWhenThisProcessDies, eventually } from '@kith/local-servers';
import type { Block } from './read-page.ts';

const run = promisify(execFile);
const COMMANDS_WITHIN_MS = 180_000;
const CLOSED_WITHIN_MS = 30_000;

export interface Desk {
  /** Where it is typed. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** What the page says, as in a port, and what is typed instead. */
  readonly instead: Readonly<Record<string, string>>;
}

/** Runs what is typed at this desk; answers what it printed, and fails with all of it when a command fails. */
export async function type({ folder, env, instead }: Desk, text: string): Promise<string> {
  const script = replaced(text, instead);
  try {
    const { stdout } = await run('bash', ['-e', '-o', 'pipefail', '-c', script], {
      cwd: folder,
      env,
      timeout: COMMANDS_WITHIN_MS,
    });
    return stdout.trim();
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`It did not work as typed:\n${script}\n${stdout ?? ''}\n${stderr ?? ''}`, { cause: error });
  }
}

/**
 * Types a page, block after block, as its reader would; `readPage` says what a block asks. Fails at the first that does
 * not do what the page says. What runs in terminals is ended with its section, as by Ctrl-C, and has to end well.
 */
export async function typePage(blocks: readonly Block[], desk: Desk): Promise<void> {
  const terminals: Terminal[] = [];
  let lastCommand = '';
  const closeTerminals = async () => {
    for (let last = terminals.at(-1); last; last = terminals.at(-1)) {
      await last.close();
      terminals.pop();
    }
  };
  try {
    for (const [at, block] of blocks.entries()) {
      if (block.section !== blocks[at - 1]?.section) await closeTerminals();
      if (block.kind === 'file') await writeBlock(block, desk);
      if (block.kind === 'servers') refuseUnknown(block.text, desk.env);
      if (block.kind === 'terminal') terminals.push(openTerminal(desk, block.text));
      if (block.kind === 'commands') {
        await Promise.all(portsIn(replaced(block.text, desk.instead)).map(untilSomebodyListens));
        await type(desk, block.text);
        lastCommand = block.text.trim().split('\n').at(-1) ?? '';
      }
      if (block.kind === 'answer') {
        await eventually(`${lastCommand} answers ${block.text}`, async () => {
          const answer = await type(desk, lastCommand);
          if (answer !== block.text.trim()) throw new Error(`it answers ${answer}`);
          return true;
        });
      }
    }
    await closeTerminals();
  } finally {
    await Promise.all(terminals.map((terminal) => terminal.kill()));
  }
}

async function writeBlock(block: Extract<Block, { kind: 'file' }>, { folder, instead }: Desk): Promise<void> {
  await mkdir(dirname(join(folder, block.path)), { recursive: true });
  await writeFile(join(folder, block.path), replaced(block.text, instead));
}

function refuseUnknown(text: string, env: NodeJS.ProcessEnv): void {
  const unknown = [...text.matchAll(/^export (\w+)=/gm)].map(([, name]) => name as string).filter((name) => !env[name]);
  if (unknown.length > 0) throw new Error(`The page exports ${unknown.join()}, for which the test has no server.`);
}

interface Terminal {
  /** Ctrl-C, and the end of what runs in it; fails unless it ends well, and in time. */
  close(): Promise<void>;
  kill(): Promise<unknown>;
}

function openTerminal({ folder, env, instead }: Desk, text: string): Terminal {
  const command = `exec env ${replaced(text, instead)}`;
  const child = spawn('bash', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  endWhenThisProcessDies(child, 'SIGTERM');
  let said = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (said += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGINT');
      const tooLate = setTimeout(() => child.kill('SIGKILL'), CLOSED_WITHIN_MS);
      const code = await ended;
      clearTimeout(tooLate);
      if (code !== 0) throw new Error(`It ended with ${code ?? child.signalCode}:\n${command}\n${said}`);
    },
    kill() {
      child.kill('SIGKILL');
      return ended;
    },
  };
}

const portsIn = (text: string) => [
  ...new Set([...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port))),
];

function untilSomebodyListens(port: number): Promise<true> {
  return eventually(`somebody listens on ${port}`, () => {
    const socket = connect(port, '127.0.0.1');
    return new Promise<true>((resolve, reject) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', reject);
    }).finally(() => socket.destroy());
  });
}

function replaced(text: string, instead: Readonly<Record<string, string>>): string {
  return Object.entries(instead).reduce((typed, [told, other]) => typed.replaceAll(told, other), text);
}
