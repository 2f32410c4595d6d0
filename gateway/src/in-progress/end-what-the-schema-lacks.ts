import { setImmediate as nextTurn } from 'node:timers/promises';
import { KithError, type Logger } from '@kith/service-kit';
import { type DocumentNode, type GraphQLSchema, Kind, specifiedRules, validate } from 'graphql';

/** Operations that last, which are subscriptions. */
export interface OperationsInProgress {
  /**
   * Calls `onEnd` once, later, when the schema in use has no more what the document asks for; not after `stop()`.
   *
   * @param schema the one that the document was valid for
   */
  begin(document: DocumentNode, schema: GraphQLSchema, onEnd: (why: KithError) => void): { stop(): void };
  /** Another schema is in use. Resolves when all are ended that it has nothing for; never rejects. */
  serve(schema: GraphQLSchema): Promise<void>;
}

/** How long the event loop is kept at a time: others push to sockets meanwhile. */
const SLICE_MS = 10;
/** As many are named in the log. */
const NAMED_AT_MOST = 20;
const NAME_CHARACTERS = 100;

type OnEnd = (why: KithError) => void;

/**
 * Schema evolution: whoever watches by a document that would be refused now is told so, and not left with events whose
 * fields no service has to answer. A document is validated once for all who sent it.
 */
export function endWhatTheSchemaLacks(log: Pick<Logger, 'warn'>): OperationsInProgress {
  const byDocument = new Map<DocumentNode, Set<OnEnd>>();
  let inUse: GraphQLSchema | undefined;

  function forget(document: DocumentNode, onEnd: OnEnd): boolean {
    const all = byDocument.get(document);
    if (!all?.delete(onEnd)) return false;
    if (all.size === 0) byDocument.delete(document);
    return true;
  }

  /** How many, and why; undefined when the schema has all that the document asks for. */
  function endIfLacking(schema: GraphQLSchema, document: DocumentNode, some: ReadonlySet<OnEnd>) {
    const why = lackOf(schema, document);
    if (why === undefined) return undefined;
    const ending = [...some].filter((onEnd) => forget(document, onEnd));
    const error = new KithError('BAD_USER_INPUT', `The schema has changed: ${why} Subscribe again without that.`);
    for (const onEnd of ending) onEnd(error);
    return { operation: nameOf(document), subscriptions: ending.length, why };
  }

  return {
    begin(document, schema, onEnd) {
      // One more function for each: the same one may be given twice.
      const own: OnEnd = (why) => onEnd(why);
      byDocument.set(document, (byDocument.get(document) ?? new Set()).add(own));
      // It was planned while another schema came into use.
      if (inUse !== undefined && inUse !== schema) {
        queueMicrotask(() => inUse && endIfLacking(inUse, document, new Set([own])));
      }
      return { stop: () => void forget(document, own) };
    },

    async serve(schema) {
      inUse = schema;
      const ended: NonNullable<ReturnType<typeof endIfLacking>>[] = [];
      let began = performance.now();
      for (const [document, all] of [...byDocument]) {
        if (performance.now() - began > SLICE_MS) {
          await nextTurn();
          began = performance.now();
        }
        // Still another one has come, and looks through all of them.
        if (inUse !== schema) break;
        const those = endIfLacking(schema, document, all);
        if (those) ended.push(those);
      }
      if (ended.length === 0) return;
      const operations = ended.slice(0, NAMED_AT_MOST);
      log.warn(
        { operations, documents: ended.length },
        'the new supergraph lacks what subscriptions use: they have ended',
      );
    },
  };
}

/** Why the document is not valid; its first reason, without suggestions, which would tell of the schema. */
function lackOf(schema: GraphQLSchema, document: DocumentNode): string | undefined {
  return validate(schema, document, specifiedRules, { maxErrors: 1, hideSuggestions: true })[0]?.message;
}

function nameOf({ definitions }: DocumentNode): string {
  const names = definitions.flatMap((each) =>
    each.kind === Kind.OPERATION_DEFINITION ? (each.name?.value ?? []) : [],
  );
  return names.join(', ').slice(0, NAME_CHARACTERS) || 'without a name';
}
