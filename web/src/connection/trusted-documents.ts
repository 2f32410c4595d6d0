import { createHash } from 'node:crypto';
import * as operationsOfClient from '@kith/client/operations';
import * as generated from '../generated/graphql.ts';

/**
 * Every document that the page can send, word for word, by the SHA-256 of its text: its own and those of @kith/client.
 * For the build, which lays it beside the page; nothing of it reaches the browser.
 */
export function trustedDocuments(): Record<string, string> {
  const own = Object.entries(generated).flatMap(([name, value]) => (name.endsWith('Document') ? [String(value)] : []));
  const texts = [...own, ...Object.values(operationsOfClient)];
  return Object.fromEntries(texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]));
}
