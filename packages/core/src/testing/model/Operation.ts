import type { MemoryStore } from "../../store/MemoryStore.ts"
import type { StoreAdmin } from "../../store/StoreAdmin.ts"

type Store = MemoryStore["Service"]

/** One call of a random program, as data: it is made on the store and on the oracle alike. */
export type Operation =
  | {
      readonly [Method in keyof Store]: {
        readonly method: Method
        readonly request: Parameters<Store[Method]>[0]
      }
    }[keyof Store]
  | { readonly method: "expire"; readonly request: Parameters<StoreAdmin["Service"]["expire"]>[0] }

/** For messages: everything but vectors and terms, on one line. */
export const describeOperation = ({ method, request }: Operation): string =>
  `${method} ${JSON.stringify(request, (_, part: unknown) => (ArrayBuffer.isView(part) ? `(${part.byteLength} bytes)` : part))}`
