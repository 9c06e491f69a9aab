// Package abuse tries the rows of the abuse catalogue that concern signing in (docs/security.md) against a whole running
// server, over HTTP, with providers of its own that sign and say whatever a test wants. It has tests alone.
package abuse
