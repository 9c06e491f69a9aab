// Package api is the REST interface at /api/v1, for administrators and their programs. Its description is OpenAPI 3.1 at
// /api/v1/openapi.json.
//
//	bearer token ──┐
//	unix socket ───┼─▶ Caller (actor, scopes, organization) ─▶ scope of the operation ─▶ handler ─▶ View, or provision
//	command line ──┘
//
// The command line speaks it too: over the network, over the socket in the data directory, or in memory on a store that
// no server holds. There is one implementation of every operation, and the names of its JSON are stable.
//
// Every list is paged by an opaque cursor: {"items": […], "next": "…"}, without next on the last page. Errors are
// problem details (RFC 9457) with the kind of error and the id of the request. What a token may not know of, such as
// another organization, answers 404.
package api
