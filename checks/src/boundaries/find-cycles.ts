/**
 * The cycles of a directed graph, as its strongly connected components of more than one node, or of one that names itself.
 * The algorithm is Tarjan's (Depth-first search and linear graph algorithms, 1972).
 *
 * @returns for each, one way round: `[a, b, a]`
 */
export function findCycles<Node>(graph: ReadonlyMap<Node, Iterable<Node>>): Node[][] {
  return components(graph)
    .filter((nodes) => nodes.length > 1 || [...(graph.get(nodes[0]!) ?? [])].includes(nodes[0]!))
    .map((nodes) => oneWayRound(nodes, graph));
}

function components<Node>(graph: ReadonlyMap<Node, Iterable<Node>>): Node[][] {
  const indexOf = new Map<Node, number>();
  const lowest = new Map<Node, number>();
  const open: Node[] = [];
  const found: Node[][] = [];
  const visit = (node: Node): void => {
    indexOf.set(node, indexOf.size);
    lowest.set(node, indexOf.get(node)!);
    open.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!indexOf.has(next)) visit(next);
      if (open.includes(next)) lowest.set(node, Math.min(lowest.get(node)!, lowest.get(next)!));
    }
    if (lowest.get(node) === indexOf.get(node)) found.push(open.splice(open.indexOf(node)));
  };
  for (const node of graph.keys()) if (!indexOf.has(node)) visit(node);
  return found;
}

/** The shortest way from the first of them back to it, breadth first. */
function oneWayRound<Node>(nodes: readonly Node[], graph: ReadonlyMap<Node, Iterable<Node>>): Node[] {
  const [start] = nodes as readonly [Node];
  const cameFrom = new Map<Node, Node>();
  const queue = [start];
  for (const node of queue) {
    for (const next of graph.get(node) ?? []) {
      if (!nodes.includes(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, node);
      queue.push(next);
    }
  }
  const way = [start];
  for (let node = cameFrom.get(start)!; node !== start; node = cameFrom.get(node)!) way.unshift(node);
  return [start, ...way];
}
