/** An error response in Qdrant's wording. */
export class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export const wrongInput = (message: string): Refusal => new Refusal(400, `Wrong input: ${message}`)
export const badRequest = (message: string): Refusal => new Refusal(400, `Bad request: ${message}`)
export const notFound = (message: string): Refusal => new Refusal(404, `Not found: ${message}`)

export const noVector = (name: string): Refusal => wrongInput(`Not existing vector name error: ${name}`)
export const noCollection = (name: string): Refusal => notFound(`Collection \`${name}\` doesn't exist!`)
