export * from './declarations/members-known-by-graphs.ts';
export * from './declarations/overrides-by-percent.ts';
export * from './declarations/plain-subscriptions.ts';
export * from './declarations/read-dear-fields.ts';
export * from './declarations/read-live-lists.ts';
export * from './declarations/read-supergraph-graphs.ts';
export * from './declarations/refuse-declarations.ts';
export * from './settings/subgraph-settings.ts';
