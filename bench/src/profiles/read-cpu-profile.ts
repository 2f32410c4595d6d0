/** What V8's CPU profiler writes (https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile). */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** µs, of a clock of its own. */
  readonly startTime: number;
  readonly endTime: number;
  /** The node that was at work at each sample. */
  readonly samples: readonly number[];
  /** µs between the samples. */
  readonly timeDeltas: readonly number[];
}

/** A function at a place in the call tree, with the time that it and all that it called took, in µs. */
export interface Frame {
  readonly name: string;
  readonly url: string;
  readonly self: number;
  readonly total: number;
  readonly children: readonly Frame[];
}

/** Nothing runs; or the process ends, and writes the profile. */
const NO_WORK = new Set(['(idle)', 'reallyExit']);

/**
 * The call tree of the last part of a profile; time in which nothing ran is left out.
 *
 * @param lastMs how much of its end: what comes before is another load, or none
 */
export function readCallTree(profile: CpuProfile, lastMs: number): Frame {
  const from = profile.endTime - lastMs * 1000;
  const selfOf = new Map<number, number>();
  let at = profile.startTime;
  for (const [index, id] of profile.samples.entries()) {
    const took = profile.timeDeltas[index] ?? 0;
    at += took;
    if (at >= from) selfOf.set(id, (selfOf.get(id) ?? 0) + took);
  }
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const frameOf = (id: number): Frame | undefined => {
    const node = byId.get(id);
    if (!node || NO_WORK.has(node.callFrame.functionName)) return undefined;
    const children = (node.children ?? []).flatMap((child) => frameOf(child) ?? []);
    const self = selfOf.get(id) ?? 0;
    const total = children.reduce((sum, child) => sum + child.total, self);
    const { functionName, url } = node.callFrame;
    return total === 0 ? undefined : { name: functionName || '(anonymous)', url, self, total, children };
  };
  const root = profile.nodes[0];
  const tree = root && frameOf(root.id);
  if (!tree) throw new Error('The profile shows nothing at work.');
  return tree;
}

/** Whose code it is: a room of ours, a package, a module of Node, or what V8 and the kernel do for it. */
export function ownerOf({ name, url }: Pick<Frame, 'name' | 'url'>): string {
  if (url === '') return WRITES.has(name) ? 'the kernel, by writing to sockets' : `V8: ${name}`;
  if (url.startsWith('node:')) return 'Node';
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (library !== undefined) return library;
  return /(?:gateway|services\/[^/]+|packages\/[^/]+)\/src(?:\/[^/]+(?=\/))?/.exec(url)?.[0] ?? url;
}

const WRITES = new Set(['writev', 'writeBuffer', 'writeUtf8String', 'writeLatin1String', 'writeAsciiString']);

/** µs by owner, the most first. */
export function timeByOwner(tree: Frame): [owner: string, us: number][] {
  const times = new Map<string, number>();
  const add = (frame: Frame) => {
    const owner = ownerOf(frame);
    times.set(owner, (times.get(owner) ?? 0) + frame.self);
    for (const child of frame.children) add(child);
  };
  add(tree);
  return [...times].filter(([, us]) => us > 0).sort(([, one], [, other]) => other - one);
}
