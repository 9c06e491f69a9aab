// Package patch applies PATCH operations to a resource (RFC 7644, section 3.5.2). It is pure: operations come in
// normalized by package dialect, the resource is not changed, and a new one comes out, or an error and nothing.
package patch
