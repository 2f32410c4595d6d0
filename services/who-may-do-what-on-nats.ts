import {
  DEAD_STREAM,
  deadLetter,
  deadLettersChanged,
  FRIEND_LIST_VIEW_CONSUMER,
  FRIEND_STREAM,
  LIVE_TOKENS_ENDED,
  liveFriendList,
  liveSessionEnded,
  PROFILE_COPY_CONSUMER,
  type StreamName,
  settledDeadLetter,
  USER_STREAM,
} from '@kith/event-contracts';

/** Each process has a user of its own; `kith` is the operator. */
export const NATS_USERS = ['user', 'friend', 'gateway', 'kith'] as const;
export type NatsUser = (typeof NATS_USERS)[number];

type Rights = {
  readonly publish: readonly string[];
  /** Of what `publish` allows. */
  readonly butNot?: readonly string[];
  readonly subscribe: readonly string[];
};

const api = (request: string) => `$JS.API.${request}`;

/** Names and counts; no messages. */
const LOOK_AROUND = [
  'INFO',
  'STREAM.NAMES',
  'STREAM.LIST',
  'STREAM.INFO.*',
  'CONSUMER.LIST.*',
  'CONSUMER.INFO.*.*',
].map(api);

/** What its owner may do with a stream: make it, set it up, put messages in, read. Not: delete it, or purge it. */
const owning = ({ name, subjects }: StreamName) => [
  ...subjects,
  ...[`STREAM.CREATE.${name}`, `STREAM.UPDATE.${name}`].map(api),
  ...reading(name),
];

/** What is in a stream, read by a consumer that lives as long as the reading. */
const reading = (stream: string) =>
  [
    `CONSUMER.CREATE.${stream}.>`,
    `CONSUMER.DELETE.${stream}.*`,
    `CONSUMER.MSG.NEXT.${stream}.*`,
    `STREAM.MSG.GET.${stream}`,
    `DIRECT.GET.${stream}`,
    `DIRECT.GET.${stream}.>`,
  ].map(api);

/** What a durable consumer needs of a stream that may be another's. Newer servers say domain and account in an ack. */
const consuming = (stream: string, durable: string) => [
  ...[`CONSUMER.CREATE.${stream}.${durable}`, `CONSUMER.MSG.NEXT.${stream}.${durable}`].map(api),
  `$JS.ACK.${stream}.${durable}.>`,
  `$JS.ACK.*.*.${stream}.${durable}.>`,
];

/** The same durable, kept from the stream's owner: who moves it, or takes its messages, withholds them from the other. */
const notConsuming = (stream: string, durable: string) => [
  ...consuming(stream, durable),
  ...[`CONSUMER.CREATE.${stream}.${durable}.>`, `CONSUMER.DELETE.${stream}.${durable}`].map(api),
];

const inbox = (user: NatsUser) => `_INBOX.${user}.>`;

/**
 * Access control by least privilege, for the streams and announcements of `subjects.ts`: the one source of what `start`,
 * the tests and docker compose write for the server (docs/decisions/0033).
 *
 * Dead letters are the friend service's, whose consumers they come from. An event goes to its stream through the service
 * that owns it, a redriven one too: so the user service may record what it redrives.
 */
const RIGHTS: Readonly<Record<NatsUser, Rights>> = {
  user: {
    publish: [
      ...owning(USER_STREAM),
      liveSessionEnded('*'),
      LIVE_TOKENS_ENDED,
      ...reading(DEAD_STREAM.name),
      settledDeadLetter(PROFILE_COPY_CONSUMER, '*'),
      ...LOOK_AROUND,
    ],
    butNot: notConsuming(USER_STREAM.name, PROFILE_COPY_CONSUMER),
    subscribe: [...USER_STREAM.subjects, ...DEAD_STREAM.subjects, LIVE_TOKENS_ENDED, inbox('user')],
  },
  friend: {
    publish: [
      ...owning(FRIEND_STREAM),
      liveFriendList('*'),
      ...consuming(FRIEND_STREAM.name, FRIEND_LIST_VIEW_CONSUMER),
      ...consuming(USER_STREAM.name, PROFILE_COPY_CONSUMER),
      ...owning({ ...DEAD_STREAM, subjects: [] }),
      api(`STREAM.MSG.DELETE.${DEAD_STREAM.name}`),
      ...[PROFILE_COPY_CONSUMER, FRIEND_LIST_VIEW_CONSUMER].flatMap((consumer) => [
        deadLetter(consumer, '>'),
        settledDeadLetter(consumer, '>'),
        deadLettersChanged(consumer),
      ]),
      ...LOOK_AROUND,
    ],
    subscribe: [
      ...FRIEND_STREAM.subjects,
      ...DEAD_STREAM.subjects,
      deadLettersChanged('*'),
      LIVE_TOKENS_ENDED,
      inbox('friend'),
    ],
  },
  gateway: {
    publish: [],
    subscribe: [liveFriendList('*'), liveSessionEnded('*'), LIVE_TOKENS_ENDED, inbox('gateway')],
  },
  kith: { publish: ['>'], subscribe: ['>'] },
};

/** The part of a nats-server's configuration that says who may connect, and what each may do then. Nobody else may. */
function natsAuthorization(passwords: Readonly<Record<NatsUser, string>>): string {
  const users = NATS_USERS.map((user) => ({
    user,
    password: passwords[user],
    permissions: {
      // An empty list of what is allowed would allow everything.
      publish: RIGHTS[user].publish.length === 0 ? { deny: ['>'] } : allowed(RIGHTS[user]),
      subscribe: { allow: RIGHTS[user].subscribe },
    },
  }));
  // The server reads JSON, too; a quoted $ is no variable.
  return `authorization: ${JSON.stringify({ users }, null, 2)}\n`;
}

export const usersOfNats = { names: NATS_USERS, configurationFor: natsAuthorization };

const allowed = ({ publish, butNot }: Rights) => ({ allow: publish, ...(butNot && { deny: butNot }) });
