export * from './ask-subgraph.ts';
export * from './compare-supergraphs.ts';
export * from './compose-subgraphs.ts';
export * from './publish-supergraph.ts';
