/** One run of a server or service. */
export type Launched = {
  readonly pid: number;
  readonly ended: Promise<number | string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  pause(): void;
  resume(): void;
};

/** A process that can be stopped, killed and started again under the same address. */
export type ServiceProcess = {
  readonly name: string;
  readonly url: string;
  /** Of the current process, or the last one. */
  readonly pid: number;
  readonly running: boolean;
  /** Ends it gracefully; does nothing when it does not run. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again at the same address; resolves when it is ready. */
  start(): Promise<void>;
  /** SIGSTOP: it keeps its sockets and answers nothing. */
  pause(): void;
  resume(): void;
  /** Calls the listener each time it ends without a request through this object. */
  onUnexpectedEnd(listener: (how: number | string) => void): void;
};

/**
 * Starts a process by `launch`, and can start it again.
 *
 * @param launch must give the same address each time
 */
export async function runRestartable(
  name: string,
  url: string,
  launch: () => Promise<Launched>,
): Promise<ServiceProcess> {
  const listeners: ((how: number | string) => void)[] = [];
  let running = false;
  let current: Launched;

  const start = async () => {
    if (running) return;
    const launched = await launch();
    current = launched;
    running = true;
    void launched.ended.then((how) => {
      if (!running || current !== launched) return;
      running = false;
      for (const listener of listeners) listener(how);
    });
  };
  await start();

  const end = async (how: 'stop' | 'kill') => {
    if (!running) return;
    running = false;
    await current[how]();
  };
  return {
    name,
    url,
    get pid() {
      return current.pid;
    },
    get running() {
      return running;
    },
    start,
    stop: () => end('stop'),
    kill: () => end('kill'),
    pause: () => current.pause(),
    resume: () => current.resume(),
    onUnexpectedEnd: (listener) => listeners.push(listener),
  };
}
