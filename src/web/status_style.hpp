// The style of the status page, inside the page itself. Colours have a contrast of at least 4.5 to 1 in light
// and in dark.
#pragma once

#include <string_view>

namespace web {

inline constexpr std::string_view status_style = R"css(
:root { color-scheme: light dark; --ground: #f5f6f8; --card: #fff; --line: #dde1e7; --text: #1b2230;
  --dim: #525b6e; --link: #0b57c2; --bad: #a8161b; --bad-ground: #fdeaea;
  --odd: #7a4a00; --odd-ground: #fdf1d8; --good: #0f6032; --good-ground: #e2f4e8;
  --waiting: #1f4f8f; --waiting-ground: #e6effb; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #11151c; --card: #1a202a; --line: #2f3847; --text: #e7ebf1; --dim: #a2adbe;
    --link: #8ab8ff; --bad: #ffaaa8; --bad-ground: #45191c; --odd: #f6c76a; --odd-ground: #3d2d0e;
    --good: #86d9a3; --good-ground: #143622; --waiting: #a5c8f8; --waiting-ground: #1b3050; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; margin-bottom: 1rem; }
h1 { margin: 0; font-size: 1.5rem; }
a { color: var(--link); }
.headline { margin: 0; padding: .25rem .9rem; border-radius: 2rem; font-weight: 600; }
.badge { display: inline-block; padding: .05rem .6rem; border-radius: 1rem; font-size: .9rem;
  font-weight: 600; white-space: nowrap; }
.bad { color: var(--bad); background: var(--bad-ground); }
.odd { color: var(--odd); background: var(--odd-ground); }
.good { color: var(--good); background: var(--good-ground); }
.waiting { color: var(--waiting); background: var(--waiting-ground); }
.off { color: var(--dim); background: var(--line); }
.running { margin: 0 0 .2rem; }
.dim, footer { color: var(--dim); }
.warnings { margin: 0 0 1rem; padding: .6rem 1rem .6rem 2rem; border-left: 4px solid var(--odd);
  border-radius: 6px; color: var(--odd); background: var(--odd-ground); }
.counts { display: flex; flex-wrap: wrap; gap: .4rem; margin: 0; padding: 0; list-style: none; }
.counts + p { margin: .4rem 0 1rem; }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
caption { padding: 0 0 .4rem; text-align: left; font-weight: 600; }
th, td { padding: .55rem .8rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
.facts { margin-bottom: 1.2rem; }
thead th { border-top: 0; color: var(--dim); font-size: .85rem; font-weight: 600; }
.error { margin: .2rem 0 0; color: var(--bad); font-size: .9rem; }
.empty { padding: 2rem 1rem; text-align: center; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; }
footer { margin-top: 1.5rem; font-size: .9rem; }
footer p { margin: .2rem 0; }
footer a { margin-right: 1rem; }
time { white-space: nowrap; }
@media (min-width: 45rem) { tbody th { width: 26%; } td:nth-child(2) { width: 16rem; }
  td:nth-child(4) { width: 8rem; } }
@media (max-width: 44.99rem) {
  table, tbody, tr, th, td, caption { display: block; }
  table { background: none; border: 0; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { margin-bottom: .7rem; padding: .6rem .8rem; background: var(--card); border: 1px solid var(--line);
    border-radius: 8px; }
  tbody th, td { padding: .15rem 0; border: 0; }
  td { display: grid; grid-template-columns: 5.5rem 1fr; gap: .5rem; }
  td::before { content: attr(data-label); content: attr(data-label) / ""; color: var(--dim);
    font-size: .9rem; }
  .facts tr { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 .8rem; margin: 0;
    padding: .35rem .8rem; border-radius: 0; }
  .facts tr + tr { border-top: 0; }
  .facts td { display: block; }
  .facts td::before { content: none; } }
)css";

}  // namespace web
