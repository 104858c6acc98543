/**
 * Type-checks every ```ts block of the README and the guides, parses every ```json block, and follows every
 * relative link. A block is a module of its own; `ts continued` goes on with the block before it. `memory`,
 * `user` and `agent` are there without being declared, as they are in the README's first program.
 */
import { existsSync } from "node:fs"
import { glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { packageFolders, readManifest, ROOT, run } from "./pack.ts"

interface Block {
  readonly file: string
  readonly line: number
  readonly info: string
  readonly text: string
}

const blocksOf = (file: string, markdown: string): ReadonlyArray<Block> => {
  const blocks: Array<Block> = []
  let open: { line: number; info: string; lines: Array<string> } | undefined
  for (const [i, line] of markdown.split("\n").entries()) {
    const fence = /^\s*```(.*)$/u.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { line: i + 2, info: (fence[1] ?? "").trim(), lines: [] }
    else {
      blocks.push({ file, line: open.line, info: open.info, text: open.lines.join("\n") })
      open = undefined
    }
  }
  return blocks
}

/** TypeScript blocks as modules, each with where it begins. */
const modulesOf = (
  blocks: ReadonlyArray<Block>
): ReadonlyArray<{ readonly block: Block; readonly text: string }> => {
  const modules: Array<{ block: Block; text: string }> = []
  for (const block of blocks) {
    const last = modules.at(-1)
    if (block.info === "ts") modules.push({ block, text: block.text })
    else if (block.info === "ts continued" && last?.block.file === block.file) {
      // As many empty lines as lie between the two keep the line numbers of the document.
      const gap = block.line - last.block.line - last.text.split("\n").length
      modules[modules.length - 1] = {
        block: last.block,
        text: `${last.text}${"\n".repeat(gap + 1)}${block.text}`
      }
    }
  }
  return modules
}

const jsonProblems = (blocks: ReadonlyArray<Block>): ReadonlyArray<string> =>
  blocks.flatMap(({ file, info, line, text }) => {
    if (info !== "json") return []
    try {
      JSON.parse(text)
      return []
    } catch (error) {
      return [`${file}:${line}: ${String(error)}`]
    }
  })

const linkProblems = (file: string, markdown: string): ReadonlyArray<string> =>
  Array.from(markdown.matchAll(/\]\((?<target>[^)#\s]+)(?:#[^)]*)?\)/gu))
    .map(({ groups }) => groups?.["target"] ?? "")
    .filter((target) => !/^[a-z]+:/u.test(target) && !existsSync(resolve(ROOT, dirname(file), target)))
    .map((target) => `${file}: links to ${target}, which is not there`)

const GLOBALS = `
declare const memory: import("@keepsake/core").MemoryClient
declare const user: import("@keepsake/core").PromiseMemory
declare const agent: import("@keepsake/agent").ChatAgent
`

const TSCONFIG = {
  extends: join(ROOT, "tsconfig.base.json"),
  compilerOptions: {
    composite: false,
    declaration: false,
    declarationMap: false,
    noEmit: true,
    noUnusedLocals: false,
    noUnusedParameters: false,
    typeRoots: [join(ROOT, "node_modules/@types")]
  },
  include: ["*.ts"]
}

/** A node_modules that has whatever any package of the workspace has, and the packages themselves. */
const linkDependencies = async (folder: string, workspace: ReadonlyArray<string>): Promise<void> => {
  const linked = new Set<string>()
  const link = async (name: string, target: string): Promise<void> => {
    if (linked.has(name) || !existsSync(target)) return
    linked.add(name)
    await mkdir(dirname(join(folder, "node_modules", name)), { recursive: true })
    await symlink(target, join(folder, "node_modules", name))
  }
  for (const one of workspace) {
    const { dependencies, devDependencies, name, peerDependencies } = await readManifest(one)
    await link(name, one)
    for (const dependency of Object.keys({ ...dependencies, ...devDependencies, ...peerDependencies })) {
      if (!dependency.startsWith("@keepsake/")) await link(dependency, join(one, "node_modules", dependency))
    }
  }
}

/** The compiler's lines, at the places in the documents that they are about. */
const typeProblems = async (
  modules: ReturnType<typeof modulesOf>,
  workspace: ReadonlyArray<string>
): Promise<ReadonlyArray<string>> => {
  await mkdir(join(ROOT, "node_modules/.cache"), { recursive: true })
  const folder = await mkdtemp(join(ROOT, "node_modules/.cache/docs-"))
  try {
    await linkDependencies(folder, workspace)
    await writeFile(join(folder, "package.json"), '{ "type": "module" }')
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG))
    await writeFile(join(folder, "globals.d.ts"), GLOBALS)
    await Promise.all(
      modules.map(({ text }, i) => writeFile(join(folder, `block${i}.ts`), `${text}\nexport {}\n`))
    )
    const said = await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
      cwd: folder
    }).then(
      () => "",
      (error: Error) => error.message
    )
    return said
      .split("\n")
      .filter((line) => line.includes("error TS"))
      .map((line) =>
        line.replace(/^block(\d+)\.ts\((\d+),/u, (_, i: string, row: string) => {
          const block = modules[Number(i)]?.block
          return `${block?.file}:${(block?.line ?? 0) + Number(row) - 1} (`
        })
      )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const documents: Array<{ readonly file: string; readonly markdown: string }> = []
for (const pattern of ["*.md", "docs/**/*.md", "packages/*/README.md", "examples/*/README.md"]) {
  for await (const file of glob(pattern, { cwd: ROOT })) {
    documents.push({ file, markdown: await readFile(join(ROOT, file), "utf8") })
  }
}

const examples: Array<string> = []
for await (const manifest of glob("examples/*/package.json", { cwd: ROOT }))
  examples.push(dirname(join(ROOT, manifest)))

const blocks = documents.flatMap(({ file, markdown }) => blocksOf(file, markdown))
const modules = modulesOf(blocks)
const problems = [
  ...jsonProblems(blocks),
  ...documents.flatMap(({ file, markdown }) => linkProblems(file, markdown)),
  ...(await typeProblems(modules, [...(await packageFolders()), ...examples]))
]
for (const problem of problems) console.error(problem)
console.log(
  `${documents.length} documents, ${modules.length} programs type-checked, ${problems.length} problems`
)
process.exitCode = problems.length === 0 ? 0 : 1
