import type { CommitQueue } from "./connection/CommitQueue.ts"
import type { Connection } from "./connection/Connection.ts"
import type { Eraser } from "./erase/Eraser.ts"
import type { GraphStore } from "./graph/GraphStore.ts"
import type { IndexCache } from "./search/IndexCache.ts"
import type { DropOrder } from "./tables/DropOrder.ts"
import type { EntryTable } from "./tables/EntryTable.ts"
import type { MemoryQueries } from "./tables/MemoryQueries.ts"
import type { MemoryTable } from "./tables/MemoryTable.ts"
import type { ScopeTable } from "./tables/ScopeTable.ts"
import type { SessionTable } from "./tables/SessionTable.ts"

/** What an open store works with. */
export interface StoreServices {
  readonly connection: Connection
  readonly commits: CommitQueue
  readonly scopes: ScopeTable
  readonly memories: MemoryTable
  readonly sessions: SessionTable
  readonly entries: EntryTable
  readonly queries: MemoryQueries
  readonly dropOrder: DropOrder
  readonly indexes: IndexCache
  readonly graphs: GraphStore
  readonly eraser: Eraser
}
