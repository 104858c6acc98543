/** The optional peer `hnswlib-node`, loaded when a scope is large enough for a graph. */

/** The methods used here. A wrong argument aborts the process: callers check numbers first. */
export interface HierarchicalNSW {
  initIndex(maxElements: number, m?: number, efConstruction?: number, randomSeed?: number): void
  /** Only on a new object, to be discarded if the read fails: using it would crash. */
  readIndex(filename: string): Promise<boolean>
  readIndexSync(filename: string): void
  writeIndexSync(filename: string): void
  resizeIndex(maxElements: number): void
  addPoint(point: Array<number>, label: number): void
  searchKnn(
    point: Array<number>,
    neighbours: number
  ): { readonly distances: ReadonlyArray<number>; readonly neighbors: ReadonlyArray<number> }
  getMaxElements(): number
  getCurrentCount(): number
  /** Labels. */
  getIdsList(): Array<number>
  setEf(ef: number): void
}

export interface Hnswlib {
  readonly HierarchicalNSW: new (space: "ip", dimensions: number) => HierarchicalNSW
}

/** `M`: links per element and layer. */
export const GRAPH_LINKS = 16
/** `efConstruction`: candidates when an element is inserted. */
export const GRAPH_CONSTRUCTION = 100

export const INSTALL_LINE = "npm install hnswlib-node"

/** Null if it is not installed or not compiled. */
export const loadHnswlib = async (): Promise<Hnswlib | null> => {
  // A variable, so that TypeScript does not look for the package; the comments, so that no bundler does: it is native.
  const specifier: string = "hnswlib-node"
  try {
    const addon = (await import(
      /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ specifier
    )) as { readonly default: Hnswlib }
    return addon.default
  } catch {
    return null
  }
}
