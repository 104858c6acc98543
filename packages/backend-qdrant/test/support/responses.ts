/** Responses of a server that fails, for the stand-in's faults. */
export const HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"

export const badGateway = { _tag: "Status", status: 502, body: HTML } as const

export const rateLimited = (retryAfter: string) =>
  ({
    _tag: "Status",
    status: 429,
    headers: { "content-type": "application/json", "retry-after": retryAfter },
    body: JSON.stringify({ status: { error: "Rate limiting exceeded" } })
  }) as const
