export interface Colours {
  readonly text: string;
  readonly page: string;
  readonly border: string;
  readonly hint: string;
  readonly peer: string;
  readonly ours: string;
}

/** Those of GitHub's pages, so that a chart has no box of its own there. */
export const light: Colours = {
  text: '#1f2328',
  page: '#ffffff',
  border: '#d1d9e0',
  hint: '#59636e',
  peer: '#bf3989',
  ours: '#1a7f37',
};

export const dark: Colours = {
  text: '#f0f6fc',
  page: '#0d1117',
  border: '#3d444d',
  hint: '#9198a1',
  peer: '#f778ba',
  ours: '#3fb950',
};

/** Which colours a chart has: `auto` follows the browser. */
export type Theme = 'light' | 'dark' | 'auto';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An SVG document, complete in itself. */
export function renderDocument(
  { width, height }: Size,
  theme: Theme,
  body: string,
  title = 'What clients lose when a server is stopped under load',
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title">
  <title id="title">${title}</title>
  <style>
    text { font: 13px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
    .title, text.ours { font-weight: 600 }
    .hint { font-size: 11px }
    line.peer, line.ours { stroke-width: 3; stroke-linecap: round; opacity: 0.45 }
${themeRules(theme)}
  </style>
  <rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
${body}
</svg>
`;
}

function themeRules(theme: Theme): string {
  if (theme !== 'auto') return colourRules(theme === 'light' ? light : dark);
  return `${colourRules(light)}\n    @media (prefers-color-scheme: dark) {\n${colourRules(dark)}\n    }`;
}

function colourRules({ text, page, border, hint, peer, ours }: Colours): string {
  return `    text { fill: ${text} }
    .page { fill: ${page}; stroke: ${border} }
    .hint { fill: ${hint} }
    .grid { stroke: ${border} }
    .peer { stroke: ${peer}; fill: ${peer} }
    .ours { stroke: ${ours}; fill: ${ours} }
    text.ours, .bar { stroke: none }`;
}

export const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
