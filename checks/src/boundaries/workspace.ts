import { join } from 'node:path';
import { readRepository } from './read-import-graph.ts';
import { readAllRooms } from './read-rooms.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** This repository's import graph, and the tables of its packages. */
export const repository = readRepository(ROOT);
export const tables = readAllRooms(ROOT, repository.packages.values());
