/**
 * Disassembles a WebAssembly module by tables of its own, copied from the specification (Core 2.0, 5.4 and 7.10), so
 * that a wrong opcode in the assembler cannot hide.
 */

type Immediate = "index" | "i32" | "f32" | "v128" | "memory" | "lane" | "block"

const INSTRUCTIONS: { readonly [opcode: number]: readonly [name: string, ...Array<Immediate>] } = {
  0x02: ["block", "block"],
  0x03: ["loop", "block"],
  0x0b: ["end"],
  0x0c: ["br", "index"],
  0x0d: ["br_if", "index"],
  0x1b: ["select"],
  0x20: ["local.get", "index"],
  0x21: ["local.set", "index"],
  0x28: ["i32.load", "memory"],
  0x36: ["i32.store", "memory"],
  0x38: ["f32.store", "memory"],
  0x41: ["i32.const", "i32"],
  0x43: ["f32.const", "f32"],
  0x45: ["i32.eqz"],
  0x49: ["i32.lt_u"],
  0x5c: ["f32.ne"],
  0x6a: ["i32.add"],
  0x74: ["i32.shl"],
  0x76: ["i32.shr_u"],
  0x92: ["f32.add"],
  0x95: ["f32.div"],
  0x97: ["f32.max"]
}

/** After the prefix 0xfd. */
const VECTOR_INSTRUCTIONS: typeof INSTRUCTIONS = {
  0: ["v128.load", "memory"],
  9: ["v128.load32_splat", "memory"],
  11: ["v128.store", "memory"],
  12: ["v128.const", "v128"],
  19: ["f32x4.splat"],
  27: ["i32x4.extract_lane", "lane"],
  31: ["f32x4.extract_lane", "lane"],
  101: ["i8x16.narrow_i16x8_s"],
  106: ["f32x4.nearest"],
  133: ["i16x8.narrow_i32x4_s"],
  135: ["i16x8.extend_low_i8x16_s"],
  136: ["i16x8.extend_high_i8x16_s"],
  174: ["i32x4.add"],
  186: ["i32x4.dot_i16x8_s"],
  224: ["f32x4.abs"],
  228: ["f32x4.add"],
  229: ["f32x4.sub"],
  230: ["f32x4.mul"],
  231: ["f32x4.div"],
  233: ["f32x4.max"],
  248: ["i32x4.trunc_sat_f32x4_s"],
  250: ["f32x4.convert_i32x4_s"]
}

const TYPES: { readonly [code: number]: string } = { 0x7f: "i32", 0x7d: "f32", 0x7b: "v128" }

class Reader {
  readonly #bytes: Uint8Array
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#offset === this.#bytes.length
  }

  byte(): number {
    const byte = this.#bytes[this.#offset++]
    if (byte === undefined) throw new RangeError("The module ends too early")
    return byte
  }

  take(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.byte())
  }

  unsigned(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }

  signed(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return byte < 0x40 ? value : value - 2 ** (shift + 7)
    }
  }

  items<A>(read: () => A): ReadonlyArray<A> {
    return Array.from({ length: this.unsigned() }, read)
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.unsigned()))
  }

  type(): string {
    const code = this.byte()
    return TYPES[code] ?? `type ${code}`
  }

  sized(): Reader {
    return new Reader(this.take(this.unsigned()))
  }
}

const readImmediate = (reader: Reader, kind: Immediate): string => {
  switch (kind) {
    case "index":
      return `${reader.unsigned()}`
    case "i32":
      return `${reader.signed()}`
    case "f32":
      return `${new DataView(reader.take(4).buffer).getFloat32(0, true)}`
    case "v128":
      return `i8x16 ${reader.take(16).join(" ")}`
    case "memory": {
      const align = 2 ** reader.unsigned()
      return `offset=${reader.unsigned()} align=${align}`
    }
    case "lane":
      return `${reader.byte()}`
    case "block": {
      const type = reader.byte()
      if (type !== 0x40) throw new RangeError(`Block of type ${type}`)
      return ""
    }
  }
}

const readInstruction = (reader: Reader): string => {
  const opcode = reader.byte()
  const instruction = opcode === 0xfd ? VECTOR_INSTRUCTIONS[reader.unsigned()] : INSTRUCTIONS[opcode]
  if (instruction === undefined) throw new RangeError(`Unknown opcode ${opcode}`)
  const [name, ...immediates] = instruction
  return [name, ...immediates.map((kind) => readImmediate(reader, kind))].join(" ").trim()
}

export interface DisassembledFunction {
  readonly name: string
  readonly parameters: ReadonlyArray<string>
  readonly results: ReadonlyArray<string>
  readonly locals: ReadonlyArray<string>
  /** Indented by blocks; without the final `end`. */
  readonly instructions: ReadonlyArray<string>
}

const readBody = (reader: Reader): Pick<DisassembledFunction, "locals" | "instructions"> => {
  const locals = reader
    .items(() => ({ count: reader.unsigned(), type: reader.type() }))
    .flatMap(({ count, type }) => Array.from({ length: count }, () => type))
  const instructions: Array<string> = []
  let depth = 0
  for (;;) {
    const instruction = readInstruction(reader)
    if (instruction === "end" && depth-- === 0) break
    instructions.push("  ".repeat(depth) + instruction)
    if (instruction === "block" || instruction === "loop") depth++
  }
  if (!reader.done) throw new RangeError("Bytes after the end of a function")
  return { locals, instructions }
}

/** Reads the sections that the assembler writes: types, imports, functions, exports, code. */
export const disassemble = (
  bytes: Uint8Array
): { readonly imports: ReadonlyArray<string>; readonly functions: ReadonlyArray<DisassembledFunction> } => {
  const reader = new Reader(bytes)
  if (reader.take(8).join(" ") !== "0 97 115 109 1 0 0 0") throw new RangeError("Not a module of version 1")
  const sections = new Map<number, Reader>()
  while (!reader.done) sections.set(reader.byte(), reader.sized())
  const readSection = <A>(id: number, read: (section: Reader) => A): ReadonlyArray<A> => {
    const section = sections.get(id)
    if (section === undefined) throw new RangeError(`No section ${id}`)
    const items = section.items(() => read(section))
    if (!section.done) throw new RangeError(`Bytes after the end of section ${id}`)
    return items
  }
  const types = readSection(1, (section) => {
    if (section.byte() !== 0x60) throw new RangeError("Not a function type")
    return { parameters: section.items(() => section.type()), results: section.items(() => section.type()) }
  })
  const imports = readSection(2, (section) => {
    const name = `${section.name()}.${section.name()}`
    const [kind, limits] = [section.byte(), section.byte()]
    return `${name} kind ${kind} limits ${limits}: ${section.unsigned()} to ${section.unsigned()}`
  })
  const typeIndexes = readSection(3, (section) => section.unsigned())
  const names = new Map(
    readSection(7, (section) => {
      const name = section.name()
      if (section.byte() !== 0) throw new RangeError("An export that is not a function")
      return [section.unsigned(), name] as const
    })
  )
  const bodies = readSection(10, (section) => readBody(section.sized()))
  const functions = bodies.map((body, i) => ({
    name: names.get(i) ?? "",
    parameters: types[typeIndexes[i] ?? -1]?.parameters ?? [],
    results: types[typeIndexes[i] ?? -1]?.results ?? [],
    ...body
  }))
  return { imports, functions }
}
