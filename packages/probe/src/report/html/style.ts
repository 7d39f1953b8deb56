/** Style sheet of the HTML page, which is complete in itself. */
export const style: string = `
:root {
  color-scheme: light dark;
  --paper: #fbfbf9; --card: #ffffff; --ink: #1c2024; --soft: #5d6670; --rule: #e2e4e1;
  --good: #14794e; --good-soft: #e2f3ea; --bad: #c0262d; --bad-soft: #fce8e7; --unsure: #946300; --unsure-soft: #fbf0d7;
  --answered: #2a9d78; --refused: #9aa5b1; --reset-before-accept: #f2762e; --reset: #dd2c38; --empty: #e39b00;
  --cut: #c13fa2; --unavailable: #7353d6; --hung: #7a4a1e;
  --signal: #1c2024; --refusal: #6b7682; --exit: #2563c9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #121518; --card: #1a1e23; --ink: #e8eaed; --soft: #9ba5b0; --rule: #2c333a;
    --good: #5cd39c; --good-soft: #14322a; --bad: #ff7b78; --bad-soft: #3a1b1d; --unsure: #f0bd56; --unsure-soft: #362a12;
    --answered: #36b88d; --refused: #66717d; --reset-before-accept: #ff9552; --reset: #ff5a5f; --empty: #f5b82e;
    --cut: #e76fca; --unavailable: #a58bff; --hung: #d19a66;
    --signal: #f2f4f6; --refusal: #9ba5b0; --exit: #78aaff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto,
  'DejaVu Sans', sans-serif; -webkit-text-size-adjust: 100%;
}
main { max-width: 1040px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: clamp(1.35rem, 1rem + 2.2vw, 2rem); line-height: 1.25; margin: 10px 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 1.2rem; margin: 0; letter-spacing: -0.005em; }
h3 { font-size: 1rem; margin: 20px 0 4px; }
p { margin: 6px 0; }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', monospace; overflow-wrap: anywhere; }
.soft, figcaption, footer { color: var(--soft); }
.badge {
  display: inline-block; padding: 2px 11px; border-radius: 99px; font-size: 0.82rem; font-weight: 650; white-space: nowrap;
}
.passed { color: var(--good); background: var(--good-soft); }
.failed { color: var(--bad); background: var(--bad-soft); }
.inconclusive, .warning { color: var(--unsure); background: var(--unsure-soft); }
.not-applicable { color: var(--soft); background: none; padding-left: 0; font-weight: 450; }
.command { display: block; padding: 10px 14px; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 12px 0 0; padding: 0; list-style: none; font-size: 0.9rem; }
.scroll { overflow-x: auto; margin: 26px 0; border: 1px solid var(--rule); border-radius: 10px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 12px; text-align: right; white-space: nowrap; border-top: 1px solid var(--rule); }
th { white-space: normal; font-weight: 550; color: var(--soft); font-size: 0.82rem; vertical-align: bottom; line-height: 1.25; border-top: 0; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--card); }
td a { color: inherit; text-decoration: none; font-weight: 550; }
td a:hover { text-decoration: underline; }
.others { margin: 4px 0 26px; padding: 0; list-style: none; columns: 300px; font-size: 0.88rem; }
td.zero { color: var(--soft); }
td.loss { color: var(--bad); font-weight: 700; }
.tick { display: inline-block; width: 1.3em; }
.tick.passed, .tick.failed, .tick.inconclusive, .tick.warning, .tick.not-applicable { background: none; }
section {
  margin: 22px 0; padding: 20px 22px 18px; background: var(--card); border: 1px solid var(--rule); border-radius: 12px;
}
.title { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; }
.reason { color: var(--bad); font-weight: 550; }
.unsure-reason { color: var(--unsure); font-weight: 550; }
.fixes { border-left: 4px solid var(--exit); }
.fixes ol { margin: 8px 0 10px; padding-left: 1.4em; }
.fixes li { margin: 10px 0; padding-left: 4px; scroll-margin-top: 12px; }
.fixes li::marker { font-weight: 650; color: var(--exit); }
.fixes a, .see a { color: var(--exit); text-underline-offset: 2px; }
.whole { white-space: nowrap; }
.about { display: flex; flex-wrap: wrap; gap: 2px 14px; font-size: 0.88rem; }
.see { font-size: 0.92rem; }
.see a { display: inline-block; min-width: 1.8em; text-align: center; font-weight: 650; }
:target { outline: 2px solid var(--exit); outline-offset: 3px; border-radius: 8px; }
.bar { display: flex; height: 12px; margin: 16px 0 8px; border-radius: 6px; overflow: hidden; background: var(--rule); gap: 1px; }
.bar i { min-width: 4px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0; padding: 0; list-style: none; font-size: 0.88rem; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 7px; }
.legend b { font-variant-numeric: tabular-nums; }
.picture { margin: 18px 0 10px; }
.plot { position: relative; height: clamp(240px, 42vw, 400px); border: solid var(--rule); border-width: 1px 0; background: var(--paper); }
.plot svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.plot path { fill: none; vector-effect: non-scaling-stroke; stroke-linecap: round; }
.plot .lines { stroke-width: 1.4px; opacity: 0.75; stroke-linecap: butt; }
.plot .dots { stroke-width: 2.4px; }
.plot .refused .dots { stroke-width: 2px; opacity: 0.8; }
${['reset-before-accept', 'reset', 'empty', 'cut', 'unavailable', 'hung']
  .map(
    (outcome) =>
      `.plot .${outcome} .lines { stroke-width: 2px; opacity: 1; } .plot .${outcome} .dots { stroke-width: 6.5px; }`,
  )
  .join('\n')}
${['answered', 'refused', 'reset-before-accept', 'reset', 'empty', 'cut', 'unavailable', 'hung']
  .map(
    (outcome) =>
      `.plot .${outcome} path { stroke: var(--${outcome}); } .of-${outcome} { background: var(--${outcome}); }`,
  )
  .join('\n')}
.line { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1.5px solid; }
.line.refusal { border-left-style: dashed; }
.line.signal, .mark.signal { color: var(--signal); border-color: var(--signal); }
.line.refusal, .mark.refusal { color: var(--refusal); border-color: var(--refusal); }
.line.exit, .mark.exit { color: var(--exit); border-color: var(--exit); }
.mark { position: relative; height: 20px; font-size: 0.8rem; line-height: 20px; font-weight: 600; }
.mark span { position: absolute; white-space: nowrap; padding: 0 5px; }
.mark span.after { border-left: 1.5px solid; }
.mark span.before { transform: translateX(-100%); border-right: 1.5px solid; }
.mark.refusal span { border-style: none dashed; }
.mark.refusal .after { border-right: 0; }
.mark.refusal .before { border-left: 0; }
.axis { position: relative; height: 24px; font-size: 0.78rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.axis span { position: absolute; top: 3px; transform: translateX(-50%); white-space: nowrap; }
@media (max-width: 640px) { .wide { display: none; } th, td { padding: 8px 10px; white-space: normal; } td { white-space: nowrap; } .axis span:nth-child(even) { display: none; } main { padding: 22px 12px 48px; } section { padding: 16px 14px; } }
figcaption { font-size: 0.84rem; }
.latency { width: auto; margin: 4px 0; font-size: 0.86rem; }
.latency th, .latency td { padding: 3px 14px 3px 0; border: 0; background: none; position: static; }
footer { margin-top: 36px; font-size: 0.85rem; }
`;
