/**
 * Type-checks every ```ts block of the documents, parses every ```json block, and checks that every relative link's
 * target exists. Each block is a module; `ts continued` continues the block before it. `memory`, `user` and `agent`
 * are global, as in the README's first program.
 */
import { existsSync } from "node:fs"
import { glob, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { linkPackages } from "./linkPackages.ts"
import { type Block, readBlocks } from "./markdown.ts"
import { ROOT, run } from "./pack.ts"

/** Joins continued blocks to one module, which keeps its first block. */
const toModules = (
  blocks: ReadonlyArray<Block>
): ReadonlyArray<{ readonly block: Block; readonly text: string }> => {
  const modules: Array<{ block: Block; text: string }> = []
  for (const block of blocks) {
    const last = modules.at(-1)
    if (block.info === "ts") modules.push({ block, text: block.text })
    else if (block.info === "ts continued" && last?.block.file === block.file) {
      // Empty lines between the two keep the document's line numbers.
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
    .map((target) => `${file}: links to ${target}, which does not exist`)

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

/** The compiler's errors, with the documents' line numbers. */
const typeProblems = async (modules: ReturnType<typeof toModules>): Promise<ReadonlyArray<string>> => {
  await mkdir(join(ROOT, "node_modules/.cache"), { recursive: true })
  const folder = await mkdtemp(join(ROOT, "node_modules/.cache/docs-"))
  try {
    await linkPackages(folder)
    await writeFile(join(folder, "package.json"), '{ "type": "module" }')
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG))
    await writeFile(join(folder, "globals.d.ts"), GLOBALS)
    await Promise.all(
      modules.map(({ text }, i) => writeFile(join(folder, `block${i}.ts`), `${text}\nexport {}\n`))
    )
    const output = await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], {
      cwd: folder
    }).then(
      () => "",
      (error: Error) => error.message
    )
    return output
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

const blocks = documents.flatMap(({ file, markdown }) => readBlocks(file, markdown))
const modules = toModules(blocks)
const problems = [
  ...jsonProblems(blocks),
  ...documents.flatMap(({ file, markdown }) => linkProblems(file, markdown)),
  ...(await typeProblems(modules))
]
for (const problem of problems) console.error(problem)
console.log(
  `${documents.length} documents, ${modules.length} programs type-checked, ${problems.length} problems`
)
process.exitCode = problems.length === 0 ? 0 : 1
