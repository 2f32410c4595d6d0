import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Below the ranges from which systems take the ports of outgoing connections (32768 on Linux, 49152 elsewhere):
// a server that is killed and started again on "its" port must not find a client's socket there.
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;
/** Where nearly all seem to be somebody's, the claims are not believed any more. */
const BELIEVED_FOR = 1_000;

/**
 * A TCP port on 127.0.0.1 that nobody listens on at this moment, and that no other process is given while this one lives
 * (an advisory lock): a server that was killed finds its port free when it starts again.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; ; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if ((claim(port) || tries >= BELIEVED_FOR) && (await isPortFree(port))) return port;
  }
}

/** Whether `port` on `host` can be listened on at this moment. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** Of each user: what others claim in a folder that all can write says nothing. */
const CLAIMS = join(tmpdir(), `kith-ports-${process.getuid?.() ?? 'mine'}`);
const claimed = new Set<string>();

/** False when it is a living process's. Without a folder that can be written there are no claims, and every port is free. */
function claim(port: number): boolean {
  const file = join(CLAIMS, String(port));
  try {
    mkdirSync(CLAIMS, { recursive: true, mode: 0o700 });
    // What a process that has ended left behind.
    if (!isHeld(file)) unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return true;
  }
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
  if (claimed.size === 0) process.once('exit', giveBack);
  claimed.add(file);
  return true;
}

/** Throws ENOENT when nobody holds it. */
function isHeld(file: string): boolean {
  const pid = Number(readFileSync(file, 'utf8'));
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function giveBack(): void {
  for (const file of claimed) {
    try {
      unlinkSync(file);
    } catch {
      // Somebody has tidied up.
    }
  }
}
