import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from '@kith/service-kit';
import { Counter } from 'prom-client';

const LOOK_EVERY_MS = 2_000;

const reloads = new Counter({
  name: 'kith_supergraph_reloads_total',
  help: 'Times another supergraph was found in its file, by what became of it.',
  labelNames: ['outcome'],
});

export interface FollowedSupergraph<Built> {
  /** Of the newest good supergraph: to be asked for with each operation. */
  readonly current: Built;
  /** Looks at the file now. Never rejects: what cannot be used is logged, and `current` stays. */
  reload(): Promise<void>;
  stop(): void;
}

/**
 * Builds from the supergraph in `file`, and again whenever another one stands there: beside the old one, which whoever
 * holds it goes on with. The file is looked at by its time, not by the system's notices: those are lost when a file is
 * replaced, as deployments do. Rejects when the first one cannot be used.
 */
export async function followSupergraph<Built>(options: {
  file: string;
  /** Throws when the supergraph cannot be used. */
  build: (supergraphSdl: string) => Built;
  log: Logger;
  lookEveryMs?: number;
}): Promise<FollowedSupergraph<Built>> {
  const { file, build, log, lookEveryMs = LOOK_EVERY_MS } = options;
  /** The text that was looked at last, good or not: the same one is refused once. */
  let seen = await readFile(file, 'utf8');
  let current = build(seen);
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      const sdl = await readFile(file, 'utf8');
      if (sdl === seen) return;
      seen = sdl;
      current = build(sdl);
      reloads.inc({ outcome: 'taken' });
      log.info({ file }, 'operations use the new supergraph from now on');
    } catch (err) {
      reloads.inc({ outcome: 'refused' });
      log.error({ err, file }, 'the new supergraph cannot be used: the one before stays');
    }
  }

  function reload(): Promise<void> {
    looking = looking.then(look);
    return looking;
  }

  const onLook = () => void reload();
  watchFile(file, { interval: lookEveryMs, persistent: false }, onLook);
  return {
    get current() {
      return current;
    },
    reload,
    stop: () => unwatchFile(file, onLook),
  };
}
