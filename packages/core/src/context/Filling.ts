/** A budget of tokens that is filled with memories, part by part. */
import type { ContextPart } from "../input/options.ts"
import type { WrittenItem } from "./renderContext.ts"

/** A memory as it may stand in the block, and what its text costs. */
export interface Form {
  readonly written: WrittenItem
  readonly tokens: number
}

/** A memory that may go into the block. */
export interface Candidate {
  readonly id: string
  readonly part: ContextPart
  /** How likely it is to be what is asked for, 0 to 1. */
  readonly worth: number
  readonly whole: Form
  /** The memories that stand under one line with it; a memory that has an earlier or a later one stands alone. */
  readonly group: string
  /** The memory that says it otherwise later: this one is in only beside it. `null` without one. */
  readonly behind: string | null
  /** A shorter form, of about so many tokens where they are given; `null` where the whole is short. */
  readonly cut: ((tokens?: number) => Form) | null
  /** About what the text costs as it goes in first. */
  readonly shortTokens: number
}

/** What goes into a block beside the texts, in tokens. */
export interface Prices {
  readonly heading: (part: ContextPart) => number
  /** Of lines that stand together, but for their texts. */
  readonly marks: (group: ReadonlyArray<WrittenItem>) => number
}

interface Chosen {
  readonly candidate: Candidate
  readonly form: Form
}

/** Memories that stand together, and what they cost. */
interface Group {
  readonly forms: ReadonlyArray<Form>
  readonly tokens: number
}

const NO_GROUP: Group = { forms: [], tokens: 0 }

/** Less room than this makes no line longer. */
const WORTH_WIDENING = 40

/** Less room than this holds nothing more. */
const WORTH_TAKING = 8

/** How a budget is filled: what is in, in which form, and how much is used. */
export class Filling {
  readonly #chosen = new Map<string, Chosen>()
  readonly #groups = new Map<string, Group>()
  readonly #prices: Prices
  readonly #partTokens: { readonly [part in ContextPart]?: number | undefined }
  readonly #partUsed = new Map<ContextPart, number>()
  #used = 0
  #changes = 0

  constructor(prices: Prices, partTokens: { readonly [part in ContextPart]?: number | undefined } = {}) {
    this.#prices = prices
    this.#partTokens = partTokens
  }

  /** A copy that is filled by itself. */
  clone(): Filling {
    const copy = new Filling(this.#prices, this.#partTokens)
    for (const [id, chosen] of this.#chosen) copy.#chosen.set(id, chosen)
    for (const [key, group] of this.#groups) copy.#groups.set(key, group)
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
    for (const candidate of candidates) this.#takeShort(candidate, until, isFree)
  }

  /**
   * Takes what is worth most for its tokens, as long as something fits below `until`: the first of each queue, then
   * what follows it there. What joins lines that are in costs less.
   */
  takeByWorth(queues: ReadonlyArray<ReadonlyArray<Candidate>>, until: number): void {
    const open = queues.flatMap((queue) => this.#openQueue(queue, 0))
    while (open.length > 0 && until - this.#used >= WORTH_TAKING) {
      let best = 0
      for (const [i, { density }] of open.entries()) if (density > (open[best]?.density ?? 0)) best = i
      const taken = open[best]
      if (taken === undefined || taken.density === 0) return
      const { at, candidate, queue } = taken
      this.#takeShort(candidate, until, false)
      open.splice(best, 1, ...this.#openQueue(queue, at + 1))
      if (!this.has(candidate)) continue
      for (const [i, other] of open.entries()) {
        if (other.candidate.group === candidate.group || other.candidate.behind === candidate.id)
          open[i] = { ...other, density: this.#densityOf(other.candidate) }
      }
    }
  }

  /** A copy that has all of them whole too; `null` where that is more than `until`. */
  withWhole(candidates: ReadonlyArray<Candidate>, until: number): Filling | null {
    const copy = this.clone()
    for (const candidate of candidates) {
      if (!copy.has(candidate)) copy.#add(candidate, candidate.whole, Number.POSITIVE_INFINITY, true)
      if (copy.used > until) return null
    }
    return copy
  }

  /** Puts whole texts in the place of short forms where they fit, then longer forms where those do. */
  widen(candidates: ReadonlyArray<Candidate>, until: number): void {
    for (const candidate of candidates) this.#replace(candidate, until, () => candidate.whole)
    for (const candidate of candidates) {
      if (until - this.#used < WORTH_WIDENING) return
      this.#replace(candidate, until, (tokens) => candidate.cut?.(tokens + until - this.#used))
    }
  }

  /** The first of a queue that is not in, from a place on. */
  #openQueue(queue: ReadonlyArray<Candidate>, from: number) {
    let at = from
    for (; at < queue.length; at++) {
      const candidate = queue[at]
      if (candidate !== undefined && !this.has(candidate))
        return [{ queue, at, candidate, density: this.#densityOf(candidate) }]
    }
    return []
  }

  /** What a candidate is worth for a token; 0 for one that stands behind a memory which is not in. */
  #densityOf(candidate: Candidate): number {
    const { behind, shortTokens, whole, worth } = candidate
    if (behind !== null && !this.#chosen.has(behind)) return 0
    return worth / Math.max(1, this.#cost(candidate, { ...whole, tokens: shortTokens }))
  }

  #takeShort(candidate: Candidate, until: number, isFree: boolean): void {
    if (!this.has(candidate)) this.#add(candidate, candidate.cut?.() ?? candidate.whole, until, isFree)
  }

  /** Puts another form in the place of a short one, where it fits and is longer. */
  #replace(candidate: Candidate, until: number, toForm: (tokens: number) => Form | undefined): void {
    const { cut, id, part, whole } = candidate
    const chosen = this.#chosen.get(id)
    // Another part may show it.
    if (chosen?.candidate !== candidate || chosen.form === whole || cut === null) return
    const { form } = chosen
    const longer = toForm(form.tokens)
    if (longer === undefined) return
    const more = longer.tokens - form.tokens
    if (more <= 0 || this.#used + more > until || this.#isOver(part, more)) return
    this.#put(candidate, longer, more)
  }

  #add(candidate: Candidate, form: Form, until: number, isFree: boolean): void {
    const { behind, part } = candidate
    if (behind !== null && !this.#chosen.has(behind)) return
    const tokens = this.#cost(candidate, form)
    if (this.#used + tokens > until || (!isFree && this.#isOver(part, tokens))) return
    this.#put(candidate, form, tokens)
  }

  /** What a form that is not in adds, the heading of its part included. */
  #cost({ group, part }: Candidate, form: Form): number {
    const { forms, tokens } = this.#groups.get(group) ?? NO_GROUP
    const heading = this.#partUsed.has(part) ? 0 : this.#prices.heading(part)
    return heading + this.#tokensOf([...forms, form]) - tokens
  }

  #tokensOf(forms: ReadonlyArray<Form>): number {
    const marks = this.#prices.marks(forms.map(({ written }) => written))
    return forms.reduce((sum, { tokens }) => sum + tokens, marks)
  }

  #isOver(part: ContextPart, more: number): boolean {
    return (this.#partUsed.get(part) ?? 0) + more > (this.#partTokens[part] ?? Number.POSITIVE_INFINITY)
  }

  #put(candidate: Candidate, form: Form, more: number): void {
    const { group, id, part } = candidate
    const others = (this.#groups.get(group)?.forms ?? []).filter(
      ({ written }) => written.item.memory.id !== id
    )
    const forms = [...others, form]
    this.#groups.set(group, { forms, tokens: this.#tokensOf(forms) })
    this.#chosen.set(id, { candidate, form })
    this.#changes++
    this.#used += more
    this.#partUsed.set(part, (this.#partUsed.get(part) ?? 0) + more)
  }
}
