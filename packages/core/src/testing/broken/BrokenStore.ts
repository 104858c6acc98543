import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type InMemoryData, inMemoryData } from "../../store/inMemory/inMemoryData.ts"
import { InMemoryStore } from "../../store/inMemory/InMemoryStore.ts"
import { MemoryStore } from "../../store/MemoryStore.ts"
import { StoreAdmin } from "../../store/StoreAdmin.ts"
import { type Scope, scopeKey } from "../../memory/Scope.ts"
import type { SearchHit } from "../../store/searching.ts"
import type { StoreRow } from "../../store/StoreRow.ts"
import type { FreshStore, Handle, StoreLayer } from "../Law.ts"
import type { LawName } from "../manifest.ts"

/** A store with one fault, and the laws that must reject it: proof that a law can fail. */
export interface BrokenStore {
  /** The fault, as a verb phrase. */
  readonly name: string
  readonly rejectedBy: readonly [LawName, ...ReadonlyArray<LawName>]
  readonly fresh: FreshStore
}

/** Faulty methods; they replace the right ones. */
export interface Fault {
  readonly store?: Partial<MemoryStore["Service"]>
  readonly admin?: Partial<StoreAdmin["Service"]>
}

const layerWith = (data: InMemoryData, fault: (right: Handle, data: InMemoryData) => Fault): StoreLayer =>
  Layer.effectContext(
    Effect.map(Layer.build(InMemoryStore.layerOf(data)), (context) => {
      const right = { store: Context.get(context, MemoryStore), admin: Context.get(context, StoreAdmin) }
      const wrong = fault(right, data)
      return Context.make(MemoryStore, { ...right.store, ...wrong.store }).pipe(
        Context.add(StoreAdmin, { ...right.admin, ...wrong.admin })
      )
    })
  )

/** The in-memory store with a fault in its methods. */
export const broken = (
  name: string,
  rejectedBy: BrokenStore["rejectedBy"],
  fault: (right: Handle, data: InMemoryData) => Fault
): BrokenStore => ({ name, rejectedBy, fresh: Effect.sync(() => layerWith(inMemoryData(), fault)) })

/** The in-memory store with a fault in how it is opened. */
export const brokenAtOpening = (
  name: string,
  rejectedBy: BrokenStore["rejectedBy"],
  opened: (data: InMemoryData) => InMemoryData
): BrokenStore => ({
  name,
  rejectedBy,
  fresh: Effect.sync(() => {
    const data = inMemoryData()
    return Layer.unwrap(Effect.sync(() => InMemoryStore.layerOf(opened(data))))
  })
})

/** The row of a hit. */
export const rowOf = (data: InMemoryData, scope: Scope, { facts }: SearchHit): StoreRow => {
  const row = data.scopes.get(scopeKey(scope))?.get(facts.id)
  if (row === undefined) throw new Error("a hit has a row")
  return row
}

/** Every scope that holds rows. */
export const listScopes = (data: InMemoryData) =>
  Array.from(data.scopes.values()).flatMap((rows) =>
    rows
      .values()
      .take(1)
      .map(({ memory }) => memory.scope)
      .toArray()
  )
