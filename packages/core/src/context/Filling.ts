/** A budget of tokens that is filled with memories, part by part. */
import type { ContextPart } from "../input/options.ts"
import type { WrittenItem } from "./renderContext.ts"

/** A memory as it may stand in the block, and what it costs. */
export interface Form {
  readonly written: WrittenItem
  readonly tokens: number
}

/** A memory that may go into the block. */
export interface Candidate {
  readonly id: string
  readonly part: ContextPart
  readonly whole: Form
  /** The memory that says it otherwise later: this one is in only beside it. `null` without one. */
  readonly behind: string | null
  /** A shorter form, of about so many tokens where they are given; `null` where the whole is short. */
  readonly cut: ((tokens?: number) => Form) | null
}

/** Less room than this makes no line longer. */
const WORTH_WIDENING = 40

/** How a budget is filled: what is in, in which form, and how much is used. */
export class Filling {
  readonly #chosen = new Map<string, { readonly candidate: Candidate; readonly form: Form }>()
  readonly #headingTokens: (part: ContextPart) => number
  readonly #partTokens: { readonly [part in ContextPart]?: number | undefined }
  readonly #partUsed = new Map<ContextPart, number>()
  #used = 0
  #changes = 0

  constructor(
    headingTokens: (part: ContextPart) => number,
    partTokens: { readonly [part in ContextPart]?: number | undefined } = {}
  ) {
    this.#headingTokens = headingTokens
    this.#partTokens = partTokens
  }

  /** A copy that is filled by itself. */
  clone(): Filling {
    const copy = new Filling(this.#headingTokens, this.#partTokens)
    for (const [id, chosen] of this.#chosen) copy.#chosen.set(id, chosen)
    for (const [part, used] of this.#partUsed) copy.#partUsed.set(part, used)
    copy.#used = this.#used
    copy.#changes = this.#changes
    return copy
  }

  get used(): number {
    return this.#used
  }

  /** How often something was put in. */
  get changes(): number {
    return this.#changes
  }

  has({ id }: Candidate): boolean {
    return this.#chosen.has(id)
  }

  /** The forms that are in. */
  forms(): ReadonlyArray<Form> {
    return Array.from(this.#chosen.values(), ({ form }) => form)
  }

  /** Takes tokens that are no memory's. */
  spend(tokens: number): void {
    this.#used += tokens
  }

  /** Takes what fits below `until` tokens, in its short form where it has one; `isFree` from the limit of its part. */
  take(candidates: ReadonlyArray<Candidate>, until: number, isFree = false): void {
    for (const candidate of candidates) {
      if (!this.has(candidate)) this.#add(candidate, candidate.cut?.() ?? candidate.whole, until, isFree)
    }
  }

  /** Takes all of them whole, or none. */
  takeWhole(candidates: ReadonlyArray<Candidate>, until: number): boolean {
    const byId = new Map(candidates.toReversed().map((candidate) => [candidate.id, candidate]))
    const open = Array.from(byId.values()).filter((candidate) => !this.has(candidate))
    const parts = new Set(open.map(({ part }) => part).filter((part) => !this.#partUsed.has(part)))
    const headings = Array.from(parts).reduce((sum, part) => sum + this.#headingTokens(part), 0)
    const tokens = open.reduce((sum, { whole }) => sum + whole.tokens, headings)
    if (this.#used + tokens > until) return false
    for (const candidate of open) this.#add(candidate, candidate.whole, Number.POSITIVE_INFINITY, true)
    return true
  }

  /** Puts whole texts in the place of short forms where they fit, then longer forms where those do. */
  widen(candidates: ReadonlyArray<Candidate>, until: number): void {
    for (const candidate of candidates) this.#replace(candidate, until, () => candidate.whole)
    for (const candidate of candidates) {
      if (until - this.#used < WORTH_WIDENING) return
      this.#replace(candidate, until, (tokens) => candidate.cut?.(tokens + until - this.#used))
    }
  }

  /** Puts another form in the place of a short one, where it fits and is longer. */
  #replace(candidate: Candidate, until: number, toForm: (tokens: number) => Form | undefined): void {
    const { cut, id, part, whole } = candidate
    const form = this.#chosen.get(id)?.form
    if (form === undefined || form === whole || cut === null) return
    const longer = toForm(form.tokens)
    if (longer === undefined) return
    const more = longer.tokens - form.tokens
    if (more <= 0 || this.#used + more > until || this.#isOver(part, more)) return
    this.#chosen.set(id, { candidate, form: longer })
    this.#count(part, more)
  }

  #add(candidate: Candidate, form: Form, until: number, isFree: boolean): void {
    const { behind, id, part } = candidate
    if (behind !== null && !this.#chosen.has(behind)) return
    const heading = this.#partUsed.has(part) ? 0 : this.#headingTokens(part)
    const tokens = form.tokens + heading
    if (this.#used + tokens > until || (!isFree && this.#isOver(part, tokens))) return
    this.#chosen.set(id, { candidate, form })
    this.#count(part, tokens)
  }

  #isOver(part: ContextPart, more: number): boolean {
    return (this.#partUsed.get(part) ?? 0) + more > (this.#partTokens[part] ?? Number.POSITIVE_INFINITY)
  }

  #count(part: ContextPart, tokens: number): void {
    this.#changes++
    this.#used += tokens
    this.#partUsed.set(part, (this.#partUsed.get(part) ?? 0) + tokens)
  }
}
