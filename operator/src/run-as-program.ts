import { leave } from '@kith/local';
import { askInsideDirectly } from '@kith/service-kit';
import { runKith } from './run-command.ts';
import { exitWhenStopped } from './running-system/stop-when-asked.ts';

const LEAVES_WITHIN_MS = 3_000;

/** The command of this process: its words are the process's arguments, and its code becomes the process's. */
export async function runAsProgram(): Promise<void> {
  // A reader that has seen enough (`kith events tail | head`) ends the command, and is no failure.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      process.exit(0);
    });
  }
  askInsideDirectly();
  const words = process.argv.slice(2);
  exitWhenStopped({ json: words.includes('--json') });
  const code = await runKith(words);
  process.exitCode = code;
  // All is told: what still holds the process hangs, a disk for example.
  setTimeout(() => leave(code, { hangs: true }), LEAVES_WITHIN_MS).unref();
}
