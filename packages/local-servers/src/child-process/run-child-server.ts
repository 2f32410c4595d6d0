import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { eventually } from '../waiting/eventually.ts';
import { endWhenThisProcessDies } from './end-children-when-this-process-dies.ts';

export type RunningChild = {
  readonly pid: number;
  readonly process: ChildProcess;
  /** Resolves with the code or signal name when the child has ended, for whatever reason. */
  readonly ended: Promise<number | string>;
  /** Asks politely, insists with SIGKILL after `stopWithinMs`, and resolves when the child is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the child is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: the child keeps its sockets and answers nothing from when this returns. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
};

export type ChildServerOptions = {
  /** For messages: "nats-server", "user service". */
  name: string;
  command: string;
  args: readonly string[];
  /** Everything the child says is appended here. */
  logFile: string;
  /** Whether the child answers; polled until true. */
  isReady: () => Promise<boolean>;
  readyWithinMs?: number;
  stopSignal?: 'SIGTERM' | 'SIGINT';
  stopWithinMs?: number;
  spawnOptions?: Pick<SpawnOptions, 'env' | 'cwd' | 'uid' | 'gid'>;
};

/** A child that ended before it was ready. `tail` is the end of what it said, the message holds the last line of it. */
export class ChildDidNotStart extends Error {
  override name = 'ChildDidNotStart';
  readonly tail: string;
  readonly logFile: string;
  constructor(name: string, how: string, tail: string, logFile: string) {
    const lastWords = tail.split('\n').at(-1)?.slice(0, 500);
    super(`${name} ${how}${lastWords ? `; its last words: ${lastWords}` : ''}`);
    this.tail = tail;
    this.logFile = logFile;
  }
}

/** What a server writes is for its owner alone. The shell becomes the server: no process more, and no other id. */
const ONLY_ITS_OWNER = 'umask 077; exec "$@"';

/**
 * Starts a server as a child process in its own session and resolves once it is ready.
 *
 * @throws {ChildDidNotStart} when it ends first, cannot be spawned, or is not ready within `readyWithinMs` (20 s)
 */
export async function runChildServer(options: ChildServerOptions): Promise<RunningChild> {
  const { name, stopSignal = 'SIGTERM', stopWithinMs = 15_000, readyWithinMs = 20_000 } = options;
  const log = openSync(options.logFile, 'a', 0o600);
  const logFrom = statSync(options.logFile).size;
  const child = spawn('/bin/sh', ['-c', ONLY_ITS_OWNER, 'sh', options.command, ...options.args], {
    ...options.spawnOptions,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ended = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  if (child.pid === undefined)
    throw new ChildDidNotStart(name, `could not be started: ${await ended}`, '', options.logFile);
  endWhenThisProcessDies(child, stopSignal);

  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  const stop = async () => {
    if (isGone()) return;
    child.kill(stopSignal);
    // A stopped (SIGSTOP) process gets no signal but KILL and CONT.
    child.kill('SIGCONT');
    const insist = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await ended;
    clearTimeout(insist);
  };

  let failure: string | undefined;
  void ended.then((how) => {
    failure = `ended (${how}) before it was ready`;
  });
  await eventually(`${name} is ready`, async () => failure ?? ((await options.isReady()) && 'ready'), {
    withinMs: readyWithinMs,
    everyMs: 10,
  }).catch((error) => {
    failure ??= `did not answer within ${readyWithinMs} ms (${error.message})`;
  });
  if (failure !== undefined) {
    await kill();
    throw new ChildDidNotStart(name, failure, readTail(options.logFile, logFrom), options.logFile);
  }
  return {
    pid: child.pid,
    process: child,
    ended,
    stop,
    kill,
    pause: () => {
      child.kill('SIGSTOP');
      waitUntilStopped(child.pid as number);
    },
    resume: () => void child.kill('SIGCONT'),
  };
}

/** On a busy machine a thread on another core may run on for a moment after SIGSTOP, and answer. */
function waitUntilStopped(pid: number): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const deadline = performance.now() + 1_000;
  while (performance.now() < deadline && !everyThreadIsStopped(pid)) Atomics.wait(clock, 0, 0, 1);
}

function everyThreadIsStopped(pid: number): boolean {
  try {
    const threads = readdirSync(`/proc/${pid}/task`).map((id) => stateOf(`/proc/${pid}/task/${id}/stat`));
    return threads.every((state) => state === 'T' || state === 'Z');
  } catch {
    // No /proc on this system, or a thread or the child has just ended: looked at once more where it is there.
    return process.platform !== 'linux' || !isAlive(pid);
  }
}

/** "pid (command) state …", https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function stateOf(statFile: string): string | undefined {
  const status = readFileSync(statFile, 'utf8');
  return status[status.lastIndexOf(')') + 2];
}

/** The last 2,000 bytes that were written to `file` after `from`. */
function readTail(file: string, from: number): string {
  const size = statSync(file).size;
  const start = Math.max(from, size - 2_000);
  const bytes = Buffer.alloc(size - start);
  const descriptor = openSync(file, 'r');
  readSync(descriptor, bytes, 0, bytes.length, start);
  closeSync(descriptor);
  return bytes.toString('utf8').trim();
}

/** Whether a process with this id runs; one that ended and waits for its parent to notice (a zombie) does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    return stateOf(`/proc/${pid}/stat`) !== 'Z';
  } catch {
    // No /proc on this system; or the process ended between the two looks.
    return process.platform !== 'linux';
  }
}
