import { type AppliedSetting, describeDifference, type SettingDifference } from '@kith/event-delivery';
import { answerOf } from '@kith/local';
import { startedWith } from '@kith/services';
import type { ExitCode } from '../running-system/end-with-a-code.ts';
import { findRunningSystem } from '../running-system/find-running-system.ts';
import { readArguments } from '../running-system/read-arguments.ts';

export const STREAMS_APPLY_HELP = `kith streams apply [--yes] [--json]

Says what of the streams on NATS, and of their consumers, is otherwise than STREAM_REPLICAS, STREAM_MAX_AGE,
STREAM_MAX_BYTES, STREAM_PLACEMENT_TAGS and STREAM_PARTITIONS say to the services that run; what they do not say is left
as it is. A start changes none of it. Ends with 0 when nothing is otherwise or all of it was applied, else with 1.

  --yes   applies it: a shorter age or a smaller size drops the oldest messages at once
  --json  one JSON object: {"differences":[…]}, or with --yes {"applied":[…]}`;

/** `kith streams apply`. */
export async function applyStreamSettings(args: readonly string[]): Promise<ExitCode> {
  const { values } = readArguments(args, STREAMS_APPLY_HELP, { yes: { type: 'boolean' } });
  const access = await findRunningSystem();
  const services = startedWith({ WEBHOOKS: access.webhookUrl === undefined ? 'off' : 'on' });
  if (values.yes) {
    const askEach = async () => {
      const answers: AppliedSetting[] = [];
      // Sequentially: the first service applies what several declare, and the others find it done.
      for (const service of services) {
        const path = '/operator/events/streams/apply';
        answers.push(...(await answerOf<{ applied: AppliedSetting[] }>(access, service, path, {})).applied);
      }
      return answers;
    };
    const applied = await untilNothingMoves(askEach);
    tell(values.json, { applied }, applied.map(appliedLine), 'Everything is as configured.');
    return applied.some(({ outcome }) => outcome === 'refused') ? 1 : 0;
  }
  const found = await Promise.all(
    services.map((service) =>
      answerOf<{ differences: SettingDifference[] }>(access, service, '/operator/events/streams'),
    ),
  );
  const differences = distinct(found.flatMap((each) => each.differences));
  const lines = differences.map(describeDifference);
  if (lines.length > 0) lines.push('', 'kith streams apply --yes changes it.');
  tell(values.json, { differences }, lines, 'Everything is as configured.');
  return differences.length > 0 ? 1 : 0;
}

const MOST_TURNS = 4;

/** What one service refuses may wait for what another has applied since: partitions, and the subjects of their stream. */
async function untilNothingMoves(askEach: () => Promise<AppliedSetting[]>): Promise<AppliedSetting[]> {
  const done: AppliedSetting[] = [];
  for (let turn = 1; ; turn += 1) {
    const answers = await askEach();
    const applied = answers.filter(({ outcome }) => outcome === 'applied');
    done.push(...applied);
    const refused = answers.filter(({ outcome }) => outcome === 'refused');
    if (refused.length === 0 || applied.length === 0 || turn === MOST_TURNS) return [...done, ...refused];
  }
}

const appliedLine = (applied: AppliedSetting) =>
  `${applied.outcome}: ${describeDifference(applied)}${applied.why === undefined ? '' : ` (${applied.why})`}`;

/** Removes duplicates: each service reports what several declare. */
const distinct = (differences: readonly SettingDifference[]) => [
  ...new Map(differences.map((each) => [describeDifference(each), each])).values(),
];

function tell(json: boolean | undefined, found: object, lines: readonly string[], otherwise: string): void {
  if (json) process.stdout.write(`${JSON.stringify(found)}\n`);
  else process.stdout.write(`${lines.length === 0 ? otherwise : lines.join('\n')}\n`);
}
