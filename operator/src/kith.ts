import { OperatorCallFailed } from '@kith/local';
import { applyStreamSettings, STREAMS_APPLY_HELP } from './events/apply-stream-settings.ts';
import { RECONCILE_HELP, reconcileEvents } from './events/reconcile-events.ts';
import { REPUBLISH_HELP, republishEvents } from './events/republish-events.ts';
import {
  DEAD_DROP_HELP,
  DEAD_HISTORY_HELP,
  DEAD_LIST_HELP,
  DEAD_REDRIVE_HELP,
  DEAD_SHOW_HELP,
  dropDeadLetters,
  listDeadLetters,
  redriveDeadLetters,
  showDeadLetter,
  showDeadLetterHistory,
} from './events/settle-dead-letters.ts';
import {
  dropSetAside,
  listSetAside,
  OUTBOX_DROP_HELP,
  OUTBOX_LIST_HELP,
  OUTBOX_SEND_HELP,
  OUTBOX_SHOW_HELP,
  sendSetAside,
  showSetAside,
} from './events/settle-set-aside.ts';
import { EVENT_STATUS_HELP, showEventStatus } from './events/show-event-status.ts';
import { SHOW_HELP, showEvents } from './events/show-events.ts';
import { TAIL_HELP, tailEvents } from './events/tail-events.ts';
import { IMPORT_HELP, importEdgeList } from './import/import-edge-list.ts';
import { PLAN_HELP, planScale } from './plan/plan-scale.ts';
import { CommandFailed, type ExitCode, UsedWrongly } from './running-system/end-with-a-code.ts';
import { SYSTEM_VARIABLES } from './running-system/find-running-system.ts';
import {
  CHECK_HELP,
  COMPOSE_HELP,
  checkCommand,
  composeCommand,
  PUBLISH_HELP,
  publishCommand,
} from './supergraph/publish-supergraph.ts';
import { BEGIN_TIMELINE_HELP, beginTimeline } from './system/begin-timeline.ts';
import { REBUILD_VIEWS_HELP, rebuildViews } from './system/rebuild-views.ts';
import { ROTATE_KEYS_HELP, rotateKeys } from './system/rotate-keys.ts';
import { STATUS_HELP, showStatus } from './system/show-status.ts';
import {
  ADD_HELP,
  addWebhook,
  LIST_HELP,
  listWebhooks,
  PAUSE_HELP,
  pauseWebhook,
  REMOVE_HELP,
  RESUME_HELP,
  ROTATE_SECRET_HELP,
  removeWebhook,
  resumeWebhook,
  rotateWebhookSecret,
  TEST_HELP,
  testWebhook,
} from './webhooks/manage-webhooks.ts';
import {
  DELIVERIES_HELP,
  listWebhookDeliveries,
  redriveWebhooks,
  WEBHOOKS_REDRIVE_HELP,
} from './webhooks/settle-webhook-deliveries.ts';

const COMMANDS: Readonly<Record<string, { run: (args: readonly string[]) => Promise<ExitCode>; help: string }>> = {
  import: { run: importEdgeList, help: IMPORT_HELP },
  status: { run: showStatus, help: STATUS_HELP },
  'events status': { run: showEventStatus, help: EVENT_STATUS_HELP },
  'events show': { run: showEvents, help: SHOW_HELP },
  'events tail': { run: tailEvents, help: TAIL_HELP },
  'events dead list': { run: listDeadLetters, help: DEAD_LIST_HELP },
  'events dead show': { run: showDeadLetter, help: DEAD_SHOW_HELP },
  'events dead redrive': { run: redriveDeadLetters, help: DEAD_REDRIVE_HELP },
  'events dead drop': { run: dropDeadLetters, help: DEAD_DROP_HELP },
  'events dead history': { run: showDeadLetterHistory, help: DEAD_HISTORY_HELP },
  'events outbox list': { run: listSetAside, help: OUTBOX_LIST_HELP },
  'events outbox show': { run: showSetAside, help: OUTBOX_SHOW_HELP },
  'events outbox send': { run: sendSetAside, help: OUTBOX_SEND_HELP },
  'events outbox drop': { run: dropSetAside, help: OUTBOX_DROP_HELP },
  'events republish': { run: republishEvents, help: REPUBLISH_HELP },
  'events reconcile': { run: reconcileEvents, help: RECONCILE_HELP },
  'supergraph compose': { run: composeCommand, help: COMPOSE_HELP },
  'supergraph check': { run: checkCommand, help: CHECK_HELP },
  'supergraph publish': { run: publishCommand, help: PUBLISH_HELP },
  'streams apply': { run: applyStreamSettings, help: STREAMS_APPLY_HELP },
  'views rebuild': { run: rebuildViews, help: REBUILD_VIEWS_HELP },
  'timeline new': { run: beginTimeline, help: BEGIN_TIMELINE_HELP },
  'keys rotate': { run: rotateKeys, help: ROTATE_KEYS_HELP },
  plan: { run: planScale, help: PLAN_HELP },
  'webhooks add': { run: addWebhook, help: ADD_HELP },
  'webhooks list': { run: listWebhooks, help: LIST_HELP },
  'webhooks remove': { run: removeWebhook, help: REMOVE_HELP },
  'webhooks pause': { run: pauseWebhook, help: PAUSE_HELP },
  'webhooks resume': { run: resumeWebhook, help: RESUME_HELP },
  'webhooks rotate-secret': { run: rotateWebhookSecret, help: ROTATE_SECRET_HELP },
  'webhooks deliveries': { run: listWebhookDeliveries, help: DELIVERIES_HELP },
  'webhooks redrive': { run: redriveWebhooks, help: WEBHOOKS_REDRIVE_HELP },
  'webhooks test': { run: testWebhook, help: TEST_HELP },
};

const HELP = `npx -y pnpm@12 kith COMMAND …, the operator's command. It finds the system that runs from KITH_DATA (.kith), or the one
that ${SYSTEM_VARIABLES} name.

${Object.values(COMMANDS)
  .map(({ help }) => `  ${help.split('\n')[0]}`)
  .join('\n')}

kith COMMAND --help says more. It ends with 0 when done, 1 when it found something or failed, 2 when used wrongly.`;

/** The exit code of `kith` with these arguments. */
async function runKith(args: readonly string[]): Promise<ExitCode> {
  const name = Object.keys(COMMANDS).find((command) => command.split(' ').every((word, index) => args[index] === word));
  const command = name === undefined ? undefined : COMMANDS[name];
  const asksForHelp = args.includes('--help') || args.includes('-h');
  const json = args.includes('--json');
  if (asksForHelp) {
    const help = command?.help ?? HELP;
    process.stdout.write(`${json ? JSON.stringify({ help }) : help}\n`);
    return 0;
  }
  try {
    if (name === undefined || command === undefined) throw new UsedWrongly(noSuchCommand(args));
    return await command.run(args.slice(name.split(' ').length));
  } catch (error) {
    return explained(error, json);
  }
}

const noSuchCommand = (args: readonly string[]) =>
  args.length === 0 ? HELP : `There is no command kith ${args.join(' ')}.\n\n${HELP}`;

/** For people a sentence on stderr; for programs, which asked for JSON, `{"error":{code,message}}` on stdout. */
function explained(error: unknown, json: boolean): ExitCode {
  const { code = 'INTERNAL_ERROR', message, stack } = error as Error & { code?: string };
  const usedWrongly = error instanceof UsedWrongly || code.startsWith('ERR_PARSE_ARGS');
  const foreseen = usedWrongly || error instanceof CommandFailed || error instanceof OperatorCallFailed;
  const found = error instanceof CommandFailed ? error.found : {};
  const told = { error: { code: usedWrongly ? USED_WRONGLY : code, message }, ...found };
  if (json) process.stdout.write(`${JSON.stringify(told)}\n`);
  if (!json || !foreseen) process.stderr.write(`${foreseen ? message : stack}\n`);
  return usedWrongly ? 2 : 1;
}

const USED_WRONGLY = new UsedWrongly('').code;

// A reader that has seen enough (`kith events tail | head`) ends the command, and is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.exitCode = await runKith(process.argv.slice(2));
