import { LIVE } from '@kith/event-contracts';
import {
  changingPartitions,
  DEAD_STREAM,
  deadLetter,
  deadLettersChanged,
  LEASE_STREAM,
  lease,
  membersOf,
  partitionDurables,
  settledDeadLetter,
} from '@kith/event-delivery/durable-names';
import type { StreamName } from '@kith/event-delivery/envelope';
import { ofEach, SERVICE_NAMES, SERVICES, type Service, type ServiceName } from './services.ts';

export type NatsUser = ServiceName | 'gateway' | 'kith';
/** Each process has a user of its own; `kith` is the operator. */
export const NATS_USERS: readonly NatsUser[] = [...SERVICE_NAMES, 'gateway', 'kith'];

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

/** The same of a stream that is another's, in order and whole: what a service compares its inbox with. */
const readingAnew = (stream: string) =>
  ['CONSUMER.CREATE', 'CONSUMER.DELETE', 'CONSUMER.MSG.NEXT'].map((request) => api(`${request}.${stream}.*`));

/** What a durable consumer needs of a stream that may be another's. Newer servers say domain and account in an ack. */
const consuming = (stream: string, durable: string) =>
  partitionDurables(durable).flatMap((part) => [
    ...[`CONSUMER.CREATE.${stream}.${part}`, `CONSUMER.MSG.NEXT.${stream}.${part}`].map(api),
    // Of a partition, with its filter; and gone when there are to be more or fewer of them.
    ...[`CONSUMER.CREATE.${stream}.${part}.>`, `CONSUMER.DELETE.${stream}.${part}`].map(api),
    `$JS.ACK.${stream}.${part}.>`,
    `$JS.ACK.*.*.${stream}.${part}.>`,
  ]);

/** What needs a lease: one that holds order, a partition, and to change how many there are. Whoever comes first makes the stream. */
const leasing = ({ stream, consumers }: Service) => {
  const leases = [
    ...consumers.flatMap(({ durable, of }) => partitionDurables(durable).map((part) => lease(of.name, part))),
    ...new Set(
      [...(stream ? [stream] : []), ...consumers.map(({ of }) => of)].map(({ name }) => changingPartitions(name)),
    ),
  ];
  return [...owning({ name: LEASE_STREAM, subjects: leases }), api(`STREAM.MSG.DELETE.${LEASE_STREAM}`)];
};

const inbox = (user: NatsUser) => `_INBOX.${user}.>`;

/** What a service may do with dead letters: make and empty their stream if it has consumers of its own, else read them. */
const withDeadLetters = ({ consumers }: Service) =>
  consumers.length === 0
    ? reading(DEAD_STREAM.name)
    : [
        ...owning({ ...DEAD_STREAM, subjects: [] }),
        api(`STREAM.MSG.DELETE.${DEAD_STREAM.name}`),
        ...consumers.flatMap(({ durable }) => [
          deadLetter(durable, '>'),
          settledDeadLetter(durable, '>'),
          deadLettersChanged(durable),
        ]),
      ];

/** Durable consumers that others have of a stream. */
const consumersOfOthers = (service: Service, stream: string | undefined) =>
  SERVICE_NAMES.map((name): Service => SERVICES[name])
    .filter((other) => other !== service)
    .flatMap(({ consumers }) => consumers)
    .filter(({ of }) => of.name === stream);

/** Streams of others that it compares with its inbox. */
const comparedBy = ({ stream, consumers }: Service) => {
  const compared = consumers.filter(({ remembers, of }) => remembers && of.name !== stream?.name);
  return [...new Set(compared.map(({ of }) => of.name))];
};

/** Whoever reads a stream could reach the durables of others as well. */
const notReaching = (service: Service, streams: readonly string[]) =>
  streams.flatMap((stream) => [
    // Who moves a durable, or takes its messages, withholds them from the other.
    ...consumersOfOthers(service, stream).flatMap(({ durable }) => consuming(stream, durable)),
  ]);

/**
 * Of a service, by what it is. Dead letters are those services' whose consumers they come from. An event goes to its
 * stream through the service that owns it, a redriven one too: so that one may record what it redrives.
 */
function rightsOf(name: ServiceName): Rights {
  const service: Service = SERVICES[name];
  const { stream, consumers, announces, hears } = service;
  const others = consumersOfOthers(service, stream?.name);
  const compared = comparedBy(service);
  const butNot = notReaching(service, [...(stream ? [stream.name] : []), ...compared]);
  return {
    publish: [
      ...(stream ? owning(stream) : []),
      ...announces,
      ...consumers.flatMap(({ durable, of }) => consuming(of.name, durable)),
      ...compared.flatMap(readingAnew),
      ...leasing(service),
      ...consumers.map(({ durable, of }) => membersOf(of.name, durable)),
      ...withDeadLetters(service),
      ...others.map(({ durable }) => settledDeadLetter(durable, '*')),
      ...LOOK_AROUND,
    ],
    ...(butNot.length > 0 && { butNot }),
    subscribe: [
      ...(stream?.subjects ?? []),
      ...DEAD_STREAM.subjects,
      ...(consumers.length > 0 ? [deadLettersChanged('*')] : []),
      ...consumers.map(({ durable, of }) => membersOf(of.name, durable)),
      ...hears,
      inbox(name),
    ],
  };
}

/**
 * Access control by least privilege, for the streams and announcements of `subjects.ts`: the one source of what `start`,
 * the tests and docker compose write for the server (docs/decisions/0033).
 */
const RIGHTS: Readonly<Record<NatsUser, Rights>> = {
  ...ofEach(SERVICE_NAMES, rightsOf),
  gateway: {
    publish: [],
    // Whatever is announced, of lists of any kind: a new one needs no new right.
    subscribe: [LIVE, inbox('gateway')],
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
