export * from './append-only/keep-events.ts';
export * from './broker/broker.ts';
export * from './broker/durable-names.ts';
export * from './broker/durable-taken.ts';
export { BadHeaderPrefix } from './broker/header-prefix.ts';
export { freshMessageId } from './broker/message-id.ts';
export { PublishFailed } from './broker/publish-failed.ts';
export {
  type AppliedSetting,
  describeDifference,
  type SettingDifference,
  type StreamSettings,
} from './broker/stream-settings.ts';
export { isSubject, subjectMatches } from './broker/subject-matches.ts';
export * from './consumer/consume.ts';
export type { DeadLetter, StoredDeadLetter, WhenPoisoned } from './consumer/dead-letters/dead-letter.ts';
export * from './consumer/dead-letters/settle-dead-letters.ts';
export { handleOnce, NothingToKeep } from './consumer/handle-once.ts';
export * from './consumer/inbox.ts';
export * from './consumer/replay.ts';
export * from './consumer/try/consumer-definition.ts';
export { ConsumerStopped, HandlerTimedOut } from './consumer/try/handle-in-time.ts';
export type { Delivered } from './consumer/try/incoming.ts';
export * from './domain-events/index.ts';
export * from './envelope/index.ts';
export * from './failures/backoff.ts';
export * from './failures/outage.ts';
export * from './http/ask-source.ts';
export { BusIsTaken } from './in-process/hold-the-bus.ts';
export { type InProcessOptions, startInProcessBroker } from './in-process/in-process-broker.ts';
export { NatsAccessError, type NatsVariable } from './jetstream/connection/nats-access-error.ts';
export { type NatsCredentials, natsCredentialsIn } from './jetstream/connection/read-nats-access.ts';
export { natsOptions } from './jetstream/connection/read-nats-url.ts';
export {
  type MetricsClient,
  MetricsNotReported,
  type MetricsOptions,
  reportMetrics,
} from './metrics.ts';
export * from './observe/log.ts';
export type { OperatorHandler } from './operator/answer-operator.ts';
export type { GlancedEvent, InboxConsumer } from './operator/compare-stream-with-inbox.ts';
export * from './operator/event-routes.ts';
export { type DeliveryStatus, type EventStatus, readDeliveryStatus } from './operator/event-status.ts';
export * from './operator/reconcile.ts';
export * from './operator/report-differences.ts';
export {
  appendedAs,
  appending,
  appendToOutbox,
  EventRefused,
  wakeTogether,
} from './outbox/append-to-outbox.ts';
export * from './outbox/archive/read-events.ts';
export * from './outbox/draft-event.ts';
export * from './outbox/relay/relay.ts';
export type { Retention } from './outbox/remove-old-rows.ts';
export * from './outbox/republish.ts';
export * from './outbox/settle-set-aside.ts';
export * from './outbox/stream/compare-outbox-with-stream.ts';
export {
  giveUpWhenBehind,
  holdsUnknownEvents,
  isBehindStream,
  isSameStream,
  type LostTime,
  settleLostTime,
} from './outbox/stream/give-up-events.ts';
export * from './outbox/stream/watch-for-restores.ts';
export { type Borrowing, borrowSessions, nameNoStatements } from './postgres/borrow-a-session.ts';
export { type InTransaction, inTransaction, transactionsWith } from './postgres/in-transaction.ts';
export * from './postgres/look-at-each-connection.ts';
export { preparing } from './postgres/prepare-statements.ts';
export { findTheServer, NoServerFits } from './postgres/servers/find-the-server.ts';
export { OldPrimary, poolOfServers, TakenOver } from './postgres/servers/pool-of-servers.ts';
export * from './postgres/servers/read-postgres-address.ts';
export * from './postgres/session-of-its-own.ts';
export * from './postgres/sql-connection.ts';
export * from './start/connect-broker.ts';
export * from './start/deliver-events.ts';
export * from './unit-of-work/in-unit-of-work.ts';
