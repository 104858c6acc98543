/**
 * Writes docs/api, one module a package entry, from the docstrings of what the packages export. A link that
 * leads nowhere, an export that nobody describes, or a type that is used but not exported fails it.
 *
 * TypeDoc reads programs with TypeScript 6, which this package has of its own: 7 has no such interface yet.
 */
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import {
  Application,
  Comment,
  Converter,
  type DeclarationReflection,
  type ProjectReflection,
  ReferenceType,
  ReflectionKind,
  ReflectionType,
  type TranslatedString
} from "typedoc"

const ROOT = fileURLToPath(new URL("../..", import.meta.url))

interface Entry {
  /** What an importer writes. */
  readonly name: string
  readonly path: string
  readonly description: string
}

/** Every entry of every package, as its sources lie. */
const entriesOf = async (folder: string): Promise<ReadonlyArray<Entry>> => {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly name: string
    readonly description: string
    readonly exports: Readonly<Record<string, string | null>>
  }
  return Object.entries(manifest.exports).flatMap(([entry, source]) =>
    source === null || !source.endsWith(".ts")
      ? []
      : [
          {
            name: manifest.name + entry.slice(1),
            path: join(folder, source),
            description: entry === "." ? manifest.description : ""
          }
        ]
  )
}

const packages = (await readdir(join(ROOT, "packages"))).sort()
const entries = (
  await Promise.all(packages.map(async (name) => entriesOf(join(ROOT, "packages", name))))
).flat()

/** A service of Effect's is declared as an argument of the class it extends: what it offers belongs to it. */
const liftShape = (service: DeclarationReflection): void => {
  for (const base of service.extendedTypes ?? []) {
    if (!(base instanceof ReferenceType)) continue
    for (const argument of base.typeArguments ?? []) {
      if (!(argument instanceof ReflectionType)) continue
      for (const member of argument.declaration.children ?? []) {
        member.parent = service
        service.addChild(member)
      }
      delete argument.declaration.children
    }
  }
}

/** What a class has from a library, of which only the library's own documents speak. */
const dropInherited = (project: ProjectReflection, one: DeclarationReflection): void => {
  for (const child of one.children ?? []) {
    if (child.kindOf(ReflectionKind.Constructor)) project.removeReflection(child)
  }
  delete one.extendedTypes
}

/** The expression that declares an error's fields, repeated at each of them. */
const dropExpressions = (one: DeclarationReflection): void => {
  for (const child of one.children ?? []) {
    delete child.inheritedFrom
    delete child.defaultValue
    for (const signature of child.signatures ?? []) delete signature.inheritedFrom
  }
}

/** Exports without a word, of a name that no other declaration explains. TypeDoc would ask it of every member too. */
const unexplained = (project: ProjectReflection): ReadonlyArray<string> =>
  project.getChildrenByKind(ReflectionKind.Module).flatMap((module) => {
    const isExplained = (one: DeclarationReflection) =>
      one.hasComment() || (one.signatures ?? []).some((signature) => signature.hasComment())
    const named = new Set((module.children ?? []).filter(isExplained).map(({ name }) => name))
    return (module.children ?? [])
      .filter((one) => !named.has(one.name) && !one.isReference())
      .map((one) => one.getFriendlyFullName())
  })

const app = await Application.bootstrap({
  name: "Keepsake",
  entryPoints: entries.map(({ path }) => path),
  tsconfig: join(ROOT, "tools/api-reference/tsconfig.json"),
  out: join(ROOT, "docs/api"),
  readme: "none",
  sort: ["kind", "alphabetical"],
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  disableGit: true,
  hideGenerator: true,
  // The compiler that develops the project has checked it; this one is a version behind.
  skipErrorChecking: true,
  treatWarningsAsErrors: true,
  treatValidationWarningsAsErrors: true,
  validation: { invalidLink: true, notExported: true }
})

app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const entry = entries.find(
      ({ path }) =>
        path.endsWith(`packages/${module.name}.ts`) || path.endsWith(`packages/${module.name}/index.ts`)
    )
    if (entry === undefined) continue
    module.name = entry.name
    module.comment = new Comment([{ kind: "text", text: entry.description }])
  }
  for (const one of project.getReflectionsByKind(ReflectionKind.Class)) {
    const service = one as DeclarationReflection
    liftShape(service)
    dropInherited(project, service)
  }
})

app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
  for (const one of project.getReflectionsByKind(ReflectionKind.Class)) {
    dropExpressions(one as DeclarationReflection)
  }
})

const project = await app.convert()
if (project !== undefined) {
  app.validate(project)
  for (const name of unexplained(project)) app.logger.warn(`${name} has no docstring` as TranslatedString)
  await app.generateOutputs(project)
}
if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
