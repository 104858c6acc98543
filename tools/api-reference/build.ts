/**
 * Writes docs/api, one module per package entry, from the docstrings of the packages' exports. It fails on a broken
 * link, an export without a docstring, or a type that is used but not exported.
 *
 * TypeDoc needs the compiler API of TypeScript 6, so this package depends on it: 7 has no such API yet.
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
  /** The import path. */
  readonly name: string
  readonly path: string
  readonly description: string
}

/** Every entry of a package, with the path of its source. */
const readEntries = async (folder: string): Promise<ReadonlyArray<Entry>> => {
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
  await Promise.all(packages.map(async (name) => readEntries(join(ROOT, "packages", name))))
).flat()

/** Moves a service's methods to its class: Effect declares them in a type argument of the base class. */
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

/** Removes the parts that a class inherits from a library: the library documents them. */
const dropInherited = (project: ProjectReflection, declaration: DeclarationReflection): void => {
  for (const child of declaration.children ?? []) {
    if (child.kindOf(ReflectionKind.Constructor)) project.removeReflection(child)
  }
  delete declaration.extendedTypes
}

/** Removes the expression that declares an error's fields: TypeDoc repeats it at each field. */
const dropExpressions = (declaration: DeclarationReflection): void => {
  for (const child of declaration.children ?? []) {
    delete child.inheritedFrom
    delete child.defaultValue
    for (const signature of child.signatures ?? []) delete signature.inheritedFrom
  }
}

/**
 * Exports without a docstring, unless another declaration of the same name has one. TypeDoc's own check would
 * demand one for every member too.
 */
const findUndocumented = (project: ProjectReflection): ReadonlyArray<string> =>
  project.getChildrenByKind(ReflectionKind.Module).flatMap((module) => {
    const isDocumented = (declaration: DeclarationReflection) =>
      declaration.hasComment() || (declaration.signatures ?? []).some((signature) => signature.hasComment())
    const documented = new Set((module.children ?? []).filter(isDocumented).map(({ name }) => name))
    return (module.children ?? [])
      .filter((declaration) => !documented.has(declaration.name) && !declaration.isReference())
      .map((declaration) => declaration.getFriendlyFullName())
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
  // `pnpm check` already checks types, with a newer compiler.
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
  for (const reflection of project.getReflectionsByKind(ReflectionKind.Class)) {
    const service = reflection as DeclarationReflection
    liftShape(service)
    dropInherited(project, service)
  }
})

app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
  for (const reflection of project.getReflectionsByKind(ReflectionKind.Class)) {
    dropExpressions(reflection as DeclarationReflection)
  }
})

const project = await app.convert()
if (project !== undefined) {
  app.validate(project)
  for (const name of findUndocumented(project))
    app.logger.warn(`${name} has no docstring` as TranslatedString)
  await app.generateOutputs(project)
}
if (project === undefined || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
