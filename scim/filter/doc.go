// Package filter compiles SCIM filters (RFC 7644, section 3.4.2.2) into an index look-up and a matcher.
//
//	text ─▶ parser ─▶ tree ─▶ compile ─┬─▶ Lookup  the equality that an index can answer, if there is one
//	                                   └─▶ Match   does this record match?
//
// The tree is that of github.com/scim2/filter-parser. It is read by a parser of our own, because the library's takes
// 100 µs for a provider's look-up, quadratic time for a long one, cannot say what is wrong where, and refuses what
// providers send: values without quotes, more than two terms in brackets, and a sub-attribute behind them. A fuzz test
// holds the two against each other: what the library reads, this package reads the same way.
package filter
