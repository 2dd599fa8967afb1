import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'
import type { Picture } from '../picture/page.ts'

/** One self-contained file: the data, the style and the script; nothing is fetched. */
export function checkPage(title: string, pictures: readonly Picture[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>${escapeMarkup(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeMarkup(title)}</h1>
</main>
<script type="application/json" id="pictures">${escapeScript(JSON.stringify(pictures))}</script>
<script type="module">${escapeScript(pageScript())}</script>
</body>
</html>
`
}

/** What the browser runs: beside this module as it was built, or as source whose types go. */
function pageScript(): string {
  const extension = extname(import.meta.filename)
  const code = readFileSync(join(import.meta.dirname, '..', 'picture', `page${extension}`), 'utf8')
  const script = extension === '.ts' ? stripTypeScriptTypes(code) : code.replace(/^\/\/# sourceMappingURL=.*$/m, '')
  // It imports types only and exports nothing that lives: a page has no modules to offer.
  return script.replace(/^export \{\}.*$/m, '')
}

function escapeMarkup(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character)
}

/** Neither data nor code can end the element that it stands in, or begin a comment. */
function escapeScript(text: string): string {
  return text.replaceAll(/<(?=[!/a-z])/gi, String.raw`\u003c`)
}

// The panel below a chart stays in sight, and covers what is behind it: what is scrolled to ends above it. It is as high
// whatever it says: one that grew would push itself under the pointer, and what is told would change with it.
const style = `
:root { color-scheme: light dark; --panel: min(128px, 40vh); scroll-padding-bottom: calc(var(--panel) + 8px); --back: #fff; --text: #1c1e21; --soft: #5a6069; --line: #d5d9df; --box: #e8ecf2;
  --edge: #8a93a0; --bad: #b3261e; --bad-back: #fbdcd9; --proof: #8a5a00; --proof-back: #fff0cc; --route: #1257b0; }
@media (prefers-color-scheme: dark) { :root { --back: #16181b; --text: #e6e8eb; --soft: #a2a9b3; --line: #33383f;
  --box: #2a2f37; --edge: #79828f; --bad: #ff8a80; --bad-back: #571a15; --proof: #ffcf66; --proof-back: #4a3600; --route: #7db4ff; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { padding: 12px 16px 24px; max-width: 1800px; margin: 0 auto; }
h1 { font-size: 1.25rem; margin: 4px 0 8px; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 16px 0 4px; overflow-wrap: anywhere; }
section.not-linearizable h2 { color: var(--bad); }
pre { margin: 4px 0 10px; padding: 10px; overflow-x: auto; background: var(--box); border-radius: 6px; font: 13px/1.4 ui-monospace, monospace; max-height: 36vh; }
.tools { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; margin: 8px 0; }
.tools select, .tools button { font: inherit; min-height: 36px; min-width: 36px; color: inherit; background: var(--box); border: 1px solid var(--edge); border-radius: 6px; padding: 0 8px; max-width: 60vw; }
.chart { display: flex; border: 1px solid var(--line); border-radius: 6px 6px 0 0; overflow: auto; max-height: 60vh; }
.names { flex: none; position: sticky; left: 0; z-index: 1; max-width: 30%; border-right: 1px solid var(--line); background: var(--back); height: max-content; }
.name { height: 34px; padding: 0 8px; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font: 12px/34px ui-monospace, monospace; }
svg { display: block; flex: none; }
.lane { stroke: var(--line); }
.call { cursor: pointer; outline: none; }
.box { fill: var(--box); stroke: var(--edge); pointer-events: all; }
.call text { fill: var(--text); font: 12px ui-monospace, monospace; pointer-events: none; }
.call.unknown .box { stroke-dasharray: 4 3; fill-opacity: 0.45; }
.call.rejected .box { stroke-dasharray: 1 3; fill: none; }
.call.rejected text { fill: var(--soft); text-decoration: line-through; }
.call.window .box { fill: var(--proof-back); stroke: var(--proof); stroke-width: 2; }
.call.blocked .box { fill: var(--bad-back); stroke: var(--bad); stroke-width: 3; }
.call.placed .box { stroke: var(--route); stroke-width: 2; }
.call.pointed .box { stroke-width: 4; }
.call:focus-visible .box { stroke: var(--text); stroke-width: 4; }
.route polyline { fill: none; stroke: var(--route); stroke-width: 1.5; pointer-events: none; }
.route circle { fill: var(--route); pointer-events: none; }
.tip { position: sticky; bottom: 0; z-index: 2; height: var(--panel); overflow-y: auto; padding: 8px 10px; background: var(--back); border: 1px solid var(--line); border-top: 0; border-radius: 0 0 6px 6px; color: var(--soft); }
.tip .title { margin: 0 0 4px; color: var(--text); font-weight: 600; overflow-wrap: anywhere; }
.tip dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 10px; margin: 0; }
.tip dd { margin: 0; color: var(--text); overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: 13px; }
@media (max-width: 480px) { :root { --panel: min(168px, 40vh); } main { padding: 8px; } pre { font-size: 12px; } }
`
