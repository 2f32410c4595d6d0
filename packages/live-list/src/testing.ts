/** The entry `@kith/live-list/testing`: the contract that every store of live lists keeps to. It depends on no test runner. */
export { describeListContract, type ListUnderTest } from './contract-tests/list-contract.ts';
