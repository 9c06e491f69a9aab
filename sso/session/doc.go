// Package session is how a browser holds its session: one cookie with a random token. What the token stands for is in the
// store, and provision.Engine answers for it.
package session
