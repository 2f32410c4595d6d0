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

/** The texts of the files that are followed. */
export interface SupergraphFiles {
  readonly supergraph: string;
  /** Where its subgraphs are, if a file says so. */
  readonly subgraphs: string | undefined;
}

/**
 * Hot reload: builds from the supergraph in `file`, and again whenever another one stands there, or other subgraphs in
 * `subgraphsFile`: beside the old one, which whoever holds it goes on with. The files are looked at by their time, not by
 * the system's notices: those are lost when a file is replaced, as deployments do. Rejects when the first one cannot be
 * used.
 */
export async function followSupergraph<Built>(options: {
  file: string;
  subgraphsFile: string | undefined;
  /** Rejects when the supergraph cannot be used in place of the one before, if there is one. */
  build: (files: SupergraphFiles, before: Built | undefined) => Promise<Built>;
  /** Operations begin with that one from now on. */
  taken?: (built: Built) => void;
  /** Ends what holds that one up: when it is replaced, after what still runs has had its time, and at the stop. */
  release: (built: Built) => Promise<void>;
  log: Logger;
  lookEveryMs?: number;
}): Promise<FollowedSupergraph<Built>> {
  const { file, subgraphsFile, build, taken, release, log, lookEveryMs = LOOK_EVERY_MS } = options;
  const followed = [file, ...(subgraphsFile === undefined ? [] : [subgraphsFile])];
  const replaced = releaseReplaced(release);
  let stopped = false;
  async function readFiles(): Promise<SupergraphFiles> {
    // In this order: who publishes both writes the supergraph last.
    const supergraph = await readFile(file, 'utf8');
    return { supergraph, subgraphs: subgraphsFile === undefined ? undefined : await readFile(subgraphsFile, 'utf8') };
  }

  /** The texts that were looked at last, good or not: the same ones are refused once. */
  let seen = await readFiles();
  let current = await build(seen, undefined);
  taken?.(current);
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      const read = await readFiles();
      if ((read.supergraph === seen.supergraph && read.subgraphs === seen.subgraphs) || stopped) return;
      seen = read;
      const built = await build(read, current);
      replaced.releaseLater(current);
      current = built;
      taken?.(built);
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
  for (const each of followed) watchFile(each, { interval: lookEveryMs, persistent: false }, onLook);
  return {
    get current() {
      return current;
    },
    reload,
    async stop() {
      stopped = true;
      for (const each of followed) unwatchFile(each, onLook);
      await looking;
      await Promise.all([release(current), replaced.releaseNow()]);
    },
  };
}

/** Those that were replaced, until what still runs on them has had its time. */
function releaseReplaced<Built>(release: (built: Built) => Promise<void>) {
  const replaced = new Map<Built, NodeJS.Timeout>();
  return {
    releaseLater(built: Built): void {
      const timer = setTimeout(() => {
        replaced.delete(built);
        void release(built);
      }, RELEASE_AFTER_MS).unref();
      replaced.set(built, timer);
    },
    async releaseNow(): Promise<void> {
      for (const timer of replaced.values()) clearTimeout(timer);
      await Promise.all([...replaced.keys()].map(release));
    },
  };
}
