"""How a report looks in a browser and on paper: light and dark, wide and narrow."""

from __future__ import annotations

from typing import Final

CSS: Final = """
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#59636e;--line:#d1d9e0;--soft:#f3f5f7;
--clean:#d5efdb;--some:#fbe9b7;--missed:#f5a49b;--unjudged:#dfe3ea;--lacking:#e6e8eb;--ink:#1c2128;
--hatch:#0000002e;--bar:#5f9f78;--bar-missed:#d3584c;--bar-alerts:#5b87c5;--target:#1c2128;
--met-fg:#12653a;--missed-fg:#a3160c;--lacking-fg:#77500a}
@media (prefers-color-scheme:dark){:root{--bg:#14181d;--fg:#e2e7ec;--dim:#9aa5b1;--line:#39424d;
--soft:#1e242b;--clean:#1f4a30;--some:#5d4a12;--missed:#86271f;--unjudged:#353d49;
--lacking:#2b323b;--ink:#f2f5f8;--hatch:#ffffff2b;--bar:#4e9068;--bar-missed:#c8493d;
--bar-alerts:#5b87c5;--target:#f2f5f8;--met-fg:#7fd6a1;--missed-fg:#ff9d92;--lacking-fg:#ecc46c}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:92rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
:lang(zh-Hant) body{font-family:system-ui,"PingFang TC","Microsoft JhengHei","Noto Sans CJK TC",
"Noto Sans TC",sans-serif}
:lang(zh-Hans) body{font-family:system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",
"Noto Sans SC",sans-serif}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .6rem;padding-bottom:.25rem;border-bottom:1px solid var(--line)}
p{margin:.5rem 0;overflow-wrap:anywhere}
ul{margin:.5rem 0;padding-left:1.4rem;overflow-wrap:anywhere}
.tasks{list-style:none;padding-left:.2rem}
.box{display:inline-block;width:1.5rem}
.verdict{font-size:1.15rem;padding:.7rem 1rem;border:1px solid var(--line);
border-left:.4rem solid var(--dim);border-radius:.3rem;background:var(--soft)}
.verdict.v-met{border-left-color:var(--bar)}
.verdict.v-missed{border-left-color:var(--bar-missed);border-left-style:double;
border-left-width:.6rem}
.verdict.v-lacking{border-left-style:dashed}
nav{margin:1rem 0;font-size:.9rem}
nav a{display:inline-block;margin:0 1rem .2rem 0;color:inherit}
.wide{overflow-x:auto;margin:.6rem 0}
table{border-collapse:collapse;font-size:.86rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .45rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{border-bottom:2px solid var(--line);color:var(--dim);font-weight:600;
vertical-align:bottom;background:var(--bg);word-break:keep-all}
td{max-width:26rem;overflow-wrap:break-word}
th.n,td.n{text-align:right}
td.n{white-space:nowrap}
small{font-size:.85em;color:var(--dim)}td small{display:block;white-space:normal;min-width:4.5rem}
tbody th{font-weight:400;position:sticky;left:0;background:var(--bg);max-width:18rem;
min-width:7rem;overflow-wrap:break-word}td:last-child{min-width:7rem}
code{font:.92em/1.4 ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono",monospace}
pre{margin:.4rem 0 1rem;padding:.6rem .8rem;background:var(--soft);border:1px solid var(--line);
border-radius:.3rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
td .b{white-space:nowrap}
.v-met{color:var(--met-fg)}.v-missed{color:var(--missed-fg);font-weight:700}
.v-lacking{color:var(--lacking-fg)}.v-none{color:var(--dim)}
details{margin:.6rem 0}
summary{cursor:pointer;font-weight:600;padding:.2rem 0}
figure{margin:.8rem 0 1.4rem}
figcaption{color:var(--dim);font-size:.86rem;margin-bottom:.4rem;max-width:60rem}
figure svg{display:block}
svg text{font-size:12px;fill:var(--fg)}
svg use+text,svg use+text+text{fill:var(--ink)}
.mid,.mark{text-anchor:middle}.mark{font-weight:700}.end{text-anchor:end}
.hatch{stroke:var(--hatch);stroke-width:1.6;fill:none}
.defs{position:absolute;width:0;height:0}
.k-clean{fill:var(--clean)}.k-some{fill:var(--some)}.k-missed{fill:var(--missed)}
.k-unjudged{fill:var(--unjudged)}.k-lacking{fill:var(--lacking)}
.k-excluded{fill:none;stroke:var(--dim);stroke-dasharray:3 2}
.k-future{fill:var(--soft)}
.b-lacking{fill:var(--lacking)}.b-unjudged{fill:var(--dim)}.b-clean{fill:var(--bar)}.b-missed{fill:var(--bar-missed)}.b-alerts{fill:var(--bar-alerts)}
.target{stroke:var(--target);stroke-width:2}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.86rem;margin:.4rem 0;padding:0;
list-style:none}
.legend li{display:flex;align-items:center;gap:.4rem}
.legend svg{flex:none}
footer{margin-top:2rem;border-top:1px solid var(--line);color:var(--dim);font-size:.86rem}
@media (max-width:40rem){body{padding:.8rem;font-size:14px}h1{font-size:1.25rem}}
@page{size:A4 landscape;margin:11mm}
@media print{:root{color-scheme:light;--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--soft:#f3f5f7;
--clean:#e3f4e8;--some:#fbe9b7;--missed:#f5a49b;--unjudged:#dfe3ea;--lacking:#e6e8eb;--ink:#000;
--hatch:#0000004d;--bar:#7fb695;--bar-missed:#d3584c;--bar-alerts:#86a8d8;--target:#000;
--met-fg:#000;--missed-fg:#000;--lacking-fg:#000}
body{padding:0;max-width:none;font-size:9.5pt}nav{display:none}.wide{overflow:visible}
table{font-size:7.5pt}th,td{padding:1.5pt 4pt}td.n{white-space:normal}td{overflow-wrap:anywhere}
th,td,td:last-child,tbody th{min-width:0}
tbody th{position:static}tr,figure svg,pre{break-inside:avoid}h2{break-after:avoid}
figure svg{max-width:100%;height:auto}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;block-size:auto}}
"""
"""No font, no picture and nothing else is fetched."""
