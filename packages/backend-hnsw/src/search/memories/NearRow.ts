import type { AroundRow, Excerpt, PartEvidence, RowFacts } from "@keepsake/core/driver"

/** A row near an anchor, whose excerpt is made when it is asked for. */
export class NearRow implements AroundRow {
  readonly facts: RowFacts
  readonly parts: ReadonlyArray<PartEvidence>
  readonly passes: boolean
  readonly #makeExcerpt: () => Excerpt

  constructor(row: Omit<AroundRow, "excerpt">, makeExcerpt: () => Excerpt) {
    this.facts = row.facts
    this.parts = row.parts
    this.passes = row.passes
    this.#makeExcerpt = makeExcerpt
  }

  get excerpt(): Excerpt {
    return this.#makeExcerpt()
  }
}
