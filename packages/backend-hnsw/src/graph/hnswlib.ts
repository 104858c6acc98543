/** The optional peer `hnswlib-node`, loaded when a scope is large enough to want it. */

/** What is used of its `HierarchicalNSW`. A wrong argument aborts the process: callers pass checked numbers only. */
export interface HierarchicalNSW {
  initIndex(maxElements: number, m?: number, efConstruction?: number, randomSeed?: number): void
  /** Only on a new object: a failed read leaves one that crashes when it is used. */
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
  setEf(ef: number): void
}

export interface Hnswlib {
  readonly HierarchicalNSW: new (space: "ip", dimensions: number) => HierarchicalNSW
}

/** Links per element, and candidates looked at while one is put in. */
export const GRAPH_LINKS = 16
export const GRAPH_CONSTRUCTION = 100

export const INSTALL_LINE = "npm install hnswlib-node"

/** Null where it is not installed, or was installed without being compiled. */
export const loadHnswlib = async (): Promise<Hnswlib | null> => {
  // A variable, so that neither TypeScript nor a bundler insists on a package that may be absent.
  const specifier: string = "hnswlib-node"
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- its types, written down above
    const loaded = (await import(specifier)) as { readonly default: Hnswlib }
    return loaded.default
  } catch {
    return null
  }
}
