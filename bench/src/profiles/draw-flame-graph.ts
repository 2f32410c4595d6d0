import { type Frame, ownerOf } from './read-cpu-profile.ts';

const WIDTH = 1200;
const ROW = 17;
const MARGIN = 8;
/** Narrower frames are drawn as nothing: nobody could read them. */
const NARROWEST = 1;
const LETTER = 6.4;

/** A flame graph (https://www.brendangregg.com/flamegraphs.html) as SVG, callers above what they call. */
export function drawFlameGraph(title: string, tree: Frame): string {
  const scale = (WIDTH - 2 * MARGIN) / tree.total;
  const drawn: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, left: number, depth: number) => {
    const width = frame.total * scale;
    if (width < NARROWEST) return;
    deepest = Math.max(deepest, depth);
    const share = `${((frame.total / tree.total) * 100).toFixed(1)} %`;
    const owner = ownerOf(frame);
    const top = MARGIN + 2 * ROW + depth * ROW;
    const letters = Math.floor((width - 4) / LETTER);
    const label = letters < 3 ? '' : escaped(frame.name.slice(0, letters));
    drawn.push(
      `<g><title>${escaped(`${frame.name} · ${owner} · ${share}`)}</title>` +
        `<rect x="${left.toFixed(1)}" y="${top}" width="${width.toFixed(1)}" height="${ROW - 1}" fill="${colourOf(owner)}"/>` +
        (label && `<text x="${(left + 3).toFixed(1)}" y="${top + 12}">${label}</text>`) +
        '</g>',
    );
    let next = left;
    for (const child of inOrder(frame.children)) {
      draw(child, next, depth + 1);
      next += child.total * scale;
    }
  };
  draw(tree, MARGIN, 0);
  const height = 2 * MARGIN + (deepest + 3) * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="11">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${MARGIN}" y="${MARGIN + ROW}" font-size="14">${escaped(title)}</text>`,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

const inOrder = (frames: readonly Frame[]) => frames.toSorted((one, other) => (one.name < other.name ? -1 : 1));

/** Ours green, libraries blue, Node yellow, V8 and the kernel red. */
function colourOf(owner: string): string {
  if (owner === 'Node') return '#f2d98c';
  if (owner.startsWith('V8') || owner.startsWith('the kernel')) return '#e8a598';
  return owner.includes('/src') ? '#9ccf9c' : '#a9c5e8';
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
