import type { PGlite } from "@electric-sql/pglite"

/** A PGlite that records the text of each statement. */
export const recording = (db: PGlite, sent: Array<string>): PGlite =>
  new Proxy(db, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== "function") return value
      return (...args: ReadonlyArray<unknown>) => {
        const [first] = args
        if ((name === "query" || name === "exec") && typeof first === "string") sent.push(first)
        if (name === "transaction" && typeof first === "function") {
          return Reflect.apply(value, target, [(tx: PGlite) => first(recording(tx, sent)) as unknown])
        }
        return Reflect.apply(value, target, args)
      }
    }
  })
