import { answerOf } from '@kith/local';
import type { ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';
import { showProgress } from '../running-system/show-progress.ts';

export const REBUILD_VIEWS_HELP = `kith views rebuild [--owner ID …] [--json]

Throws friend lists in Redis away and loads them anew from Postgres: all, or those of the owners named. The system may run
meanwhile. A list that is not in Redis is loaded when somebody reads it, so nothing needs this; it fills an empty Redis
before many readers come, and settles doubts.`;

const PATH = '/operator/rebuild-views';

/** `kith views rebuild`. */
export async function rebuildViews(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, REBUILD_VIEWS_HELP, { owner: { type: 'string', multiple: true } });
  const access = await findRunningSystem();
  const startedAt = performance.now();
  let rebuilt = 0;
  if (values.owner) {
    ({ rebuilt } = await answerOf<{ rebuilt: number }>(access, 'friend', PATH, { owners: values.owner }));
  } else {
    type Page = { rebuilt: number; next: string | null; total: number };
    const progress = showProgress({ json: values.json });
    for (let after: string | null | undefined = null; after !== undefined; ) {
      const page: Page = await answerOf<Page>(access, 'friend', PATH, { after });
      rebuilt += page.rebuilt;
      progress.show('lists', rebuilt, Math.max(page.total, rebuilt));
      after = page.next ?? undefined;
    }
    progress.end();
  }
  const tookMs = Math.round(performance.now() - startedAt);
  const said = values.json
    ? JSON.stringify({ rebuilt, tookMs })
    : `${rebuilt.toLocaleString('en')} ${rebuilt === 1 ? 'list' : 'lists'} in ${(tookMs / 1_000).toFixed(1)} s`;
  process.stdout.write(`${said}\n`);
  return 0;
}
