import type { MemoryStore } from "../../store/MemoryStore.ts"
import type { StoreAdmin } from "../../store/StoreAdmin.ts"

type Store = MemoryStore["Service"]

/** One call of a random program as data, to be made on the store and on the oracle. */
export type Operation =
  | {
      readonly [Method in keyof Store]: {
        readonly method: Method
        readonly request: Parameters<Store[Method]>[0]
      }
    }[keyof Store]
  | { readonly method: "expire"; readonly request: Parameters<StoreAdmin["Service"]["expire"]>[0] }
  | { readonly method: "payOwed"; readonly request: Parameters<StoreAdmin["Service"]["payOwed"]>[0] }

/** One line for messages, without vectors and terms. */
export const describeOperation = ({ method, request }: Operation): string =>
  `${method} ${JSON.stringify(request, (_, part: unknown) => (ArrayBuffer.isView(part) ? `(${part.byteLength} bytes)` : part))}`
