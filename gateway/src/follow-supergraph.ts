import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Logger } from '@kith/service-kit';
import { Counter } from '@prometheus-io/client';

const LOOK_EVERY_MS = 2_000;
/** An operation that began with the one before has its plan by then. */
const RELEASE_AFTER_MS = 10_000;

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
  stop(): Promise<void>;
}

/**
 * Builds from the supergraph in `file`, and again whenever another one stands there: beside the old one, which whoever
 * holds it goes on with. The file is looked at by its time, not by the system's notices: those are lost when a file is
 * replaced, as deployments do. Rejects when the first one cannot be used.
 */
export async function followSupergraph<Built>(options: {
  file: string;
  /** Rejects when the supergraph cannot be used. */
  build: (supergraphSdl: string) => Promise<Built>;
  /** Ends what holds that one up: when it is replaced, after what still runs has had its time, and at the stop. */
  release: (built: Built) => Promise<void>;
  log: Logger;
  lookEveryMs?: number;
}): Promise<FollowedSupergraph<Built>> {
  const { file, build, release, log, lookEveryMs = LOOK_EVERY_MS } = options;
  const replaced = new Map<Built, NodeJS.Timeout>();
  let stopped = false;
  /** The text that was looked at last, good or not: the same one is refused once. */
  let seen = await readFile(file, 'utf8');
  let current = await build(seen);
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      const sdl = await readFile(file, 'utf8');
      if (sdl === seen || stopped) return;
      seen = sdl;
      const built = await build(sdl);
      releaseLater(current);
      current = built;
      reloads.inc({ outcome: 'taken' });
      log.info({ file }, 'operations use the new supergraph from now on');
    } catch (err) {
      reloads.inc({ outcome: 'refused' });
      log.error({ err, file }, 'the new supergraph cannot be used: the one before stays');
    }
  }

  function releaseLater(built: Built): void {
    const timer = setTimeout(() => {
      replaced.delete(built);
      void release(built);
    }, RELEASE_AFTER_MS).unref();
    replaced.set(built, timer);
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
    async stop() {
      stopped = true;
      unwatchFile(file, onLook);
      await looking;
      for (const timer of replaced.values()) clearTimeout(timer);
      await Promise.all([current, ...replaced.keys()].map(release));
    },
  };
}
