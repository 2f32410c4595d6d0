/**
 * The entry `@kith/event-delivery/testing`: suites that prove a broker of one's own, and what tests of consumers and of
 * aggregates need. It depends on no test runner.
 */

export { type ExpectedEvent, given, type Then, type When } from './aggregate-tests/given-when-then.ts';
export { type BrokerUnderTest, describeBrokerContract } from './contract-tests/broker-contract.ts';
export { collectLog } from './contract-tests/collect-log.ts';
export { describeConsumerContract } from './contract-tests/consumer-contract.ts';
export { eventually } from './contract-tests/eventually.ts';
export type { Expect, TestRunner } from './contract-tests/test-runner.ts';
