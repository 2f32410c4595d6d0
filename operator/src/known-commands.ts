import { COMPLETION_HELP, writeCompletion } from './completion/write-completion.ts';
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
import type { ExitCode } from './running-system/end-with-a-code.ts';
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

/** `help` begins with the usage, which names every flag; an empty line and the rest follow. */
export type Command = { run: (args: readonly string[]) => Promise<ExitCode>; help: string };

/** Every command, by its words. */
export const COMMANDS: Readonly<Record<string, Command>> = {
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
  completion: { run: (args) => writeCompletion(args, COMMANDS), help: COMPLETION_HELP },
};
