/** Draws the results as bars and curves, in one file without scripts. */
import { type Bucket, calibrationTable } from "./calibration.ts"
import { byCategory, summarise } from "./metrics.ts"
import type { SetReport } from "./report.ts"

const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")

const ROW = 26
const LEFT = 190
const WIDTH = 460

const bars = (
  rows: ReadonlyArray<{ readonly label: string; readonly value: number; readonly strong: boolean }>
): string => {
  const body = rows.map(({ label, strong, value }, i) => {
    const y = i * ROW
    const length = Math.max(1, value * WIDTH)
    return (
      `<text class="${strong ? "strong" : ""}" x="${LEFT - 10}" y="${y + 17}" text-anchor="end">${escape(label)}</text>` +
      `<rect class="track" x="${LEFT}" y="${y + 5}" width="${WIDTH}" height="16" rx="3"/>` +
      `<rect class="${strong ? "bar" : "bar soft"}" x="${LEFT}" y="${y + 5}" width="${length.toFixed(1)}" height="16" rx="3"/>` +
      `<text x="${LEFT + WIDTH + 8}" y="${y + 17}">${(value * 100).toFixed(1)}</text>`
    )
  })
  return `<svg viewBox="0 0 ${LEFT + WIDTH + 60} ${rows.length * ROW}" role="img">${body.join("")}</svg>`
}

const SIDE = 240

/** Plots the right share over the score: a calibrated score lies on the diagonal. */
const curve = (table: ReadonlyArray<Bucket>): string => {
  const top = Math.max(0.1, ...table.flatMap(({ right, meanScore }) => [right, meanScore])) * 1.1
  const at = ({ right, meanScore }: Pick<Bucket, "right" | "meanScore">) =>
    `${((meanScore / top) * SIDE + 30).toFixed(1)},${(SIDE - (right / top) * SIDE + 8).toFixed(1)}`
  return (
    `<svg class="square" viewBox="0 0 ${SIDE + 50} ${SIDE + 40}" role="img">` +
    `<rect class="track" x="30" y="8" width="${SIDE}" height="${SIDE}"/>` +
    `<line class="ideal" x1="30" y1="${SIDE + 8}" x2="${SIDE + 30}" y2="8"/>` +
    `<polyline class="line" points="${table.map(at).join(" ")}"/>` +
    table
      .map((bucket) => {
        const [x, y] = at(bucket).split(",")
        return `<circle class="dot" cx="${x}" cy="${y}" r="4"/>`
      })
      .join("") +
    `<text x="${SIDE / 2 + 30}" y="${SIDE + 30}" text-anchor="middle">score (to ${top.toFixed(2)})</text>` +
    `<text transform="translate(18 ${SIDE / 2}) rotate(-90)" text-anchor="middle">share that is right</text></svg>`
  )
}

const section = ({ embedder, evaluation }: SetReport): string => {
  const answerable = evaluation.outcomes.filter((outcome) => outcome.answerable)
  const rows = [
    { label: "all questions", value: summarise(answerable).r10, strong: true },
    ...Object.entries(byCategory(answerable)).map(([cat, { r10 }]) => ({
      label: cat.replaceAll("_", " "),
      value: r10,
      strong: false
    }))
  ]
  return (
    `<section><h2>${escape(evaluation.name)} <small>${escape(embedder)}, ${answerable.length} questions</small></h2>` +
    `<p>Share of the evidence among the first ten memories, in per cent</p>${bars(rows)}` +
    `<p>Share that is right, by score (calibrated: on the diagonal)</p>${curve(calibrationTable(evaluation.outcomes))}</section>`
  )
}

export const page = (reports: ReadonlyArray<SetReport>, backend: string): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>Recall, measured</title><style>
:root{color-scheme:light dark;--ink:#1d2430;--soft:#8fb3d9;--bar:#2867b2;--track:#e9edf2;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e5e9f0;--soft:#45688f;--bar:#7db3f0;--track:#27303c;--paper:#151a21}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}small{font-weight:400;opacity:.7}
svg{width:100%;height:auto}.square{max-width:20rem}text{font-size:12px;fill:currentColor}.strong{font-weight:600}
.track{fill:var(--track)}.bar,.dot{fill:var(--bar)}.soft{fill:var(--soft)}.ideal{stroke:currentColor;opacity:.35;stroke-dasharray:4}
.line{fill:none;stroke:var(--bar);stroke-width:2}</style><h1>Recall, measured <small>store: ${escape(backend)}</small></h1>` +
  `${reports.map(section).join("")}</html>\n`
