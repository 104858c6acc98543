import { bounds } from "./laws/bounds.ts"
import { around } from "./laws/around.ts"
import { concurrency } from "./laws/concurrency.ts"
import { change } from "./laws/change.ts"
import { conditions } from "./laws/conditions.ts"
import { filters } from "./laws/filters.ts"
import { history } from "./laws/history.ts"
import { plan } from "./laws/plan.ts"
import { sessions } from "./laws/sessions.ts"
import { identity } from "./laws/identity.ts"
import { ids } from "./laws/ids.ts"
import { importing } from "./laws/importing.ts"
import { interruption } from "./laws/interruption.ts"
import { isolation } from "./laws/isolation.ts"
import { lifecycle } from "./laws/lifecycle.ts"
import { operator } from "./laws/operator.ts"
import { lifetime } from "./laws/lifetime.ts"
import { order } from "./laws/order.ts"
import { paging } from "./laws/paging.ts"
import { program } from "./laws/program.ts"
import { removal } from "./laws/removal.ts"
import { roundTrip } from "./laws/roundTrip.ts"
import { staging } from "./laws/staging.ts"
import { scripts } from "./laws/scripts.ts"
import { search } from "./laws/search.ts"
import { supersession } from "./laws/supersession.ts"
import { excerpts } from "./laws/excerpts.ts"
import { limits } from "./laws/limits.ts"
import { owed } from "./laws/owed.ts"
import { parts } from "./laws/parts.ts"
import { passages } from "./laws/passages.ts"
import type { Law } from "./Law.ts"

/** Every law, in the order of the runs. */
export const laws: ReadonlyArray<Law> = [
  roundTrip,
  identity,
  ids,
  supersession,
  history,
  importing,
  isolation,
  search,
  parts,
  passages,
  excerpts,
  scripts,
  filters,
  conditions,
  plan,
  around,
  order,
  sessions,
  lifetime,
  paging,
  change,
  removal,
  limits,
  owed,
  bounds,
  operator,
  concurrency,
  program,
  interruption,
  lifecycle,
  staging
].flat()
